"""`python -m jobs.sending_main`: sends one message to one address, in a process of its own, and says what came of it.

It is given {address, title, body, level, private} as JSON and prints {"sent": true} or {"sent": false, "error": …}.
Every connection that is made here, by whatever library, first asks `socket.getaddrinfo` where to: there each address
that a name leads to is checked, so a redirect or a name that changes its mind leads nowhere either.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import sys
from collections.abc import Callable
from typing import Any

from engine.access.addresses import SERVICES, is_public

LEVELS = {"bad": "failure", "warn": "warning", "good": "success", "info": "info"}
PRIVATE = (
    "Its name leads into a private network, and this server does not send there. Use a public address, or ask whoever "
    "runs this installation for PLUMBLINE_NOTIFY_PRIVATE."
)
UNKNOWN = "Its host cannot be found. Check the address."
UNREACHED = "It could not be reached, or did not take the message. Check the address, user and password."
REFUSED = "It was refused ({}). Make a new token or webhook there and add the channel again."
GONE = "There is nothing at this address any more ({}). Make a new webhook there and add the channel again."
PATIENCE = "The service asks for patience ({})."
THEIRS = "The service has trouble of its own ({})."
NO_ADDRESS = "The service cannot make sense of this address. Compare it with the example and add the channel again."

_STATUS = re.compile(r"error=(\d{3})\b")


class Guard:
    """Stands in for `socket.getaddrinfo` and lets nothing private through."""

    def __init__(self, resolve: Callable[..., list[Any]]) -> None:
        self._resolve = resolve
        self.refused = False
        self.unknown = False

    def __call__(self, *asked: Any, **named: Any) -> list[Any]:
        """What the name leads to, where all of it is public."""
        try:
            found = self._resolve(*asked, **named)
        except socket.gaierror:
            self.unknown = True
            raise
        if not found or not all(is_public(str(one[4][0])) for one in found):
            self.refused = True
            raise socket.gaierror("a private address")
        return found


class Heard(logging.Handler):
    """What the library says went wrong; only the status is taken from it, since the rest may hold the address."""

    status = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the last status."""
        if found := _STATUS.search(record.getMessage()):
            self.status = int(found[1])


def send(told: dict[str, Any]) -> str:
    """Send; why it did not arrive, empty where it did."""
    import apprise

    guard, heard = Guard(socket.getaddrinfo), Heard()
    if not told["private"]:
        socket.getaddrinfo = guard
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [heard], False
    logger.setLevel(logging.INFO)
    if told["address"].partition("://")[0] not in SERVICES:
        return NO_ADDRESS
    service = apprise.Apprise.instantiate(told["address"], asset=apprise.AppriseAsset(app_id="Plumbline"))
    if service is None:
        return NO_ADDRESS
    level = apprise.NotifyType(LEVELS.get(told["level"], "info"))
    if service.notify(title=told["title"], body=told["body"], notify_type=level, body_format="text"):
        return ""
    return PRIVATE if guard.refused else UNKNOWN if guard.unknown else said_by(heard.status)


def said_by(status: int) -> str:
    """What a status means, and what to do."""
    if status in (401, 403):
        return REFUSED.format(status)
    if status in (404, 410):
        return GONE.format(status)
    if status == 429:
        return PATIENCE.format(status)
    return THEIRS.format(status) if status >= 500 else UNREACHED


def main() -> int:
    """Send what stands on the input."""
    error = send(json.load(sys.stdin))
    sys.stdout.write(json.dumps({"sent": not error, "error": error}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
