"""The limited child: started once, its libraries loaded, then one request after another, each a line of JSON.

Requests come on standard input, answers and progress go to standard output; nothing else is ever written there. Neither
side unpickles anything, so a file that takes the child over gains no way into the parent.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from jobs.child_limits import be_modest, deny, die_with, leave_the_network, limit_memory, limit_processor, resident

_OWN_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "ARROW_IO_THREADS")


def main(arguments: list[str]) -> int:
    """Serve until standard input closes. Arguments: memory in bytes."""
    memory = int(arguments[0])
    be_modest()
    alone = leave_the_network()
    os.environ.update(dict.fromkeys(_OWN_THREADS, "1"))
    from jobs import child_work

    child_work.warm_up()
    die_with(os.getppid())
    deny()
    limit_memory(memory)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    child_work.send(out, {"ready": True, "network": not alone, "resident": resident()})
    for line in sys.stdin:
        request: dict[str, Any] = child_work.parse(line)
        limit_processor(int(request["seconds"]))
        child_work.send(out, child_work.answer(request, out))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
