"""What Ray's workers run: bytes in, bytes out.

This module is sent by value, and with it the sources it imports: a worker may be on another machine, as another user,
and has neither our files nor our settings. Nothing of ours is imported up here for that reason.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import io
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

Code = Mapping[str, tuple[str, bool]]
"""Module name -> its source, and whether it is a package."""

PRINTED = 16 * 1024


class Sent(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules from sources that were sent."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module, if it was sent."""
        if fullname not in self._code:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin="sent", is_package=self._code[fullname][1])

    def get_source(self, fullname: str) -> str:
        """Its source."""
        return self._code[fullname][0]

    def get_code(self, fullname: str) -> CodeType:
        """Its code."""
        return self.source_to_code(self.get_source(fullname), f"<sent {fullname}>")

    def is_package(self, fullname: str) -> bool:
        """Whether it is a package."""
        return self._code[fullname][1]


def prepare(code: Code) -> list[str]:
    """Import what observing needs; says what the worker can see of us, for those who check that it is nothing."""
    if "engine" not in sys.modules:
        sys.meta_path.insert(0, Sent(code))
    import os

    import engine.analysis
    import engine.formats.parts

    where = str(getattr(engine.analysis.__spec__, "origin", ""))
    return [where, *sorted(os.environ)]


def observe_part(
    code: Code,
    plan: Mapping[str, Any],
    chunks: list[tuple[int, bytes]],
    what: tuple[tuple[int, ...], int | None, str, dict[str, Any]],
) -> dict[str, Any]:
    """The state of some row groups, or of so many of their first rows.

    Returns `state` (bytes) and `rows`, or `error` and `type` where the rows are refused; `printed` what was printed.
    """
    prepare(code)
    from engine.analysis import ANALYSES
    from engine.errors import PlumblineError
    from engine.formats.parts import Outline, open_cut, part_rows

    groups, most, analysis, params = what
    chosen = ANALYSES[analysis]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            outline = Outline(**plan)
            rows = part_rows(open_cut(outline, chunks), outline, groups, most)
            state = chosen.to_bytes(chosen.observe(rows, chosen.parameters.parse(params)))
            done: dict[str, Any] = {"state": state, "rows": len(rows)}
        except PlumblineError as error:
            done = {"error": error.to_dict(), "type": type(error).__name__}
        except MemoryError:
            said = "Observing needs more memory than a worker has; nothing of it was kept."
            done = {"error": {"code": "memory", "message": said}, "type": "LimitExceeded"}
        except Exception:  # noqa: BLE001 - what it was is printed, and the run says that it was something
            traceback.print_exc()
            done = {"error": {"code": "internal", "message": ""}, "type": ""}
    return {**done, "printed": printed.getvalue()[-PRINTED:]}
