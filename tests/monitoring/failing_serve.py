"""The product's server in which every page fails, once it knows who is there, with a text that nobody may see."""

import sys
from pathlib import Path

import server
from pages.parts import guard

PAGES = Path(guard.__file__).parent.parent
MESSAGE = "SELECT password_hash FROM user at /etc/secret/place with pl_CANARYCANARY"

enter = guard.enter


def fail_in_pages() -> object:
    """What pages call first; the router goes on as always."""
    who = enter()
    if Path(sys._getframe(1).f_code.co_filename).parent == PAGES:
        raise RuntimeError(MESSAGE)
    return who


if __name__ == "__main__":
    guard.enter = fail_in_pages
    sys.exit(server.run(server.app))
