"""What the foreman sends to the channels of people: each message by a child of its own, a few at a time.

The child loads the library that knows the services, so nobody else does; whatever hangs there ends with it. What was
sent is written down afterwards: after a crash between the two a message goes out twice rather than never.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.actions import channels
from engine.actions.channels import Message
from engine.settings import ROOT, get_settings

SECONDS = 45.0
AT_ONCE = 3
SLOW = f"There was no answer within {SECONDS:.0f} seconds."
BROKE = "Sending broke off. Test the channel; if it happens again, look into the log of the foreman."
PROGRAM = "jobs.sending_main"
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "VIRTUAL_ENV")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""What a child is told of our environment: no secret, and no proxy, which would hide where a message goes, unless
messages may go anywhere."""

log = logging.getLogger("foreman")
Send = Callable[[Message], str]


def by_child(message: Message) -> str:
    """Send a message; why it did not arrive, empty where it did. Nothing of the address is ever logged."""
    private = get_settings().notify_private
    told = {name: getattr(message, name) for name in ("address", "title", "body", "level")}
    kept = (*_KEPT, *_PROXIES) if private else _KEPT
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and nothing of anybody's on its command line
            [sys.executable, "-m", PROGRAM],
            input=json.dumps({**told, "private": private}).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            cwd=ROOT,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return SLOW
    try:
        return str(json.loads(done.stdout)["error"])
    except (ValueError, KeyError):
        log.error("the child that sends ended with status %d", done.returncode)
        return BROKE


def round_of(send: Send = by_child) -> int:
    """Send everything that is due, and write down what came of it. Returns how many messages that were."""
    messages = channels.due()
    if not messages:
        return 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sending") as several:
        for _ in several.map(lambda message: _settle(message, send), messages):
            pass
    return len(messages)


def _settle(message: Message, send: Send) -> None:
    error = send(message)
    if error:
        log.warning("channel %d was not reached: %s", message.channel_id, error)
        channels.failed(message.channel_id, error, test=message.test)
    else:
        channels.sent(message.channel_id, message.upto, test=message.test)
