"""Addresses that notifications are sent to: which are taken, and where our server never connects to.

An address makes this server send requests. So only services that speak to the network are taken, none that runs
something here or reads a file, and no target inside a private network unless the installation allows it
(`PLUMBLINE_NOTIFY_PRIVATE`). Names are resolved where they are sent from (`jobs.sending_main`), and every address that
a name leads to is asked about here.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from engine.errors import UsageError
from engine.settings import get_settings

LONGEST: Final = 1_000


class Service(NamedTuple):
    """What a scheme stands for; `own` where people name the host themselves."""

    title: str
    own: bool = False


SERVICES: Final[Mapping[str, Service]] = {
    "mailto": Service("e-mail", own=True),
    "mailtos": Service("e-mail", own=True),
    "json": Service("webhook", own=True),
    "jsons": Service("webhook", own=True),
    "slack": Service("Slack"),
    "discord": Service("Discord"),
    "workflow": Service("Microsoft Teams", own=True),
    "workflows": Service("Microsoft Teams", own=True),
    "gchat": Service("Google Chat"),
    "mmost": Service("Mattermost", own=True),
    "mmosts": Service("Mattermost", own=True),
    "rocket": Service("Rocket.Chat", own=True),
    "rockets": Service("Rocket.Chat", own=True),
    "zulip": Service("Zulip"),
    "webex": Service("Webex"),
    "tgram": Service("Telegram"),
    "ntfy": Service("ntfy"),
    "ntfys": Service("ntfy"),
    "gotify": Service("Gotify", own=True),
    "gotifys": Service("Gotify", own=True),
    "pover": Service("Pushover"),
    "pagerduty": Service("PagerDuty"),
    "opsgenie": Service("Opsgenie"),
}
"""Every scheme that is taken. None of them runs a program, writes to this machine or its desktop, or loads a plugin."""

_ARGUMENTS: Final = frozenset(
    (
        *("to", "from", "cc", "bcc", "reply", "name", "smtp", "mode", "user", "pass", "format"),
        *("priority", "channel", "thread", "silent", "ttl"),
    )
)
"""What may stand after the question mark. Anything that names a file, a template or a key stays out."""

_EXTRA: Final = re.compile(r"[-+:][A-Za-z0-9_.-]{1,100}")
"""Of a webhook: arguments (-), headers (+) and fields (:) of one's own."""

_ADDRESS: Final = re.compile(r"[a-z]+://[\x21-\x7e]+")
_SLACK: Final = re.compile(r"/services/([A-Z0-9]+/[A-Z0-9]+/[A-Za-z0-9]+)/?")
_DISCORD: Final = re.compile(r"/api/webhooks/([0-9]+/[A-Za-z0-9_-]+)/?")
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")


class Address(NamedTuple):
    """An address that is taken, as it is sent to, and the part of it that may be seen."""

    url: str
    shown: str


def checked(address: str) -> Address:
    """What somebody typed as an address that is taken. Raises UsageError, with what to do.

    The address of a Slack or Discord webhook and any http(s) address are taken as they are copied.
    """
    given = _as_copied(address.strip())
    if len(given) > LONGEST or not _ADDRESS.fullmatch(given) or given.count("://") != 1:
        raise UsageError(
            "This is no address. Take one of the examples, without spaces, and one at a time.", code="address"
        )
    scheme = given.partition("://")[0]
    service = SERVICES.get(scheme)
    if service is None:
        known = ", ".join(dict.fromkeys(one.title for one in SERVICES.values()))
        raise UsageError(f"{scheme}:// is not sent to. Known are {known}.", code="address_scheme")
    parts = _split(given, strict=service.own)
    _check_arguments(scheme, parts.query)
    hosts = [parts.hostname] if service.own else []
    for host in [*hosts, *(value for name, value in parse_qsl(parts.query) if name.lower() == "smtp")]:
        require_public_name(host or "")
    return Address(given, f"{service.title} · {_seen(scheme, service, parts)}"[:200])


def _as_copied(given: str) -> str:
    """Addresses as the services show them, and any other of the web, in the form that is sent to."""
    scheme, mark, rest = given.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return f"{scheme.lower()}{mark}{rest}"
    parts = _split(given)
    host = (parts.hostname or "").rstrip(".")
    if host == "hooks.slack.com" and (found := _SLACK.fullmatch(parts.path)):
        return f"slack://{found[1]}"
    if host in ("discord.com", "discordapp.com") and (found := _DISCORD.fullmatch(parts.path)):
        return f"discord://{found[1]}"
    query = urlencode([(f"-{name}", value) for name, value in parse_qsl(parts.query, keep_blank_values=True)])
    into = "jsons" if scheme.lower() == "https" else "json"
    return f"{into}://{parts.netloc}{quote(parts.path, safe='/%~:@!$&()*+,;=')}{'?' if query else ''}{query}"


def _split(given: str, *, strict: bool = True) -> SplitResult:
    """The parts of an address; strict where it has a host, since elsewhere a token may stand in its place."""
    try:
        parts = urlsplit(given)
        _ = parts.port if strict else None
    except ValueError:
        raise UsageError("This is no address: its host or port cannot be read.", code="address") from None
    return parts


def _check_arguments(scheme: str, query: str) -> None:
    free = scheme in ("json", "jsons")
    for name, _value in parse_qsl(query, keep_blank_values=True, separator="&"):
        if name.lower() not in _ARGUMENTS and not (free and _EXTRA.fullmatch(name)):
            raise UsageError(f"{name[:40]}= is not taken in an address. Leave it out.", code="address_argument")


def _seen(scheme: str, service: Service, parts: SplitResult) -> str:
    """The host where people named it, else the beginning of what tells it apart; never user, password or path."""
    host = parts.hostname or ""
    if scheme in ("mailto", "mailtos"):
        to = dict(parse_qsl(parts.query)).get("to") or (f"{parts.username}@{host}" if parts.username else host)
        name, at, place = to.rpartition("@")
        return f"{name[:1]}…{at}{place}" if at else f"{to[:3]}…"
    return f"{host}/…" if service.own else f"{host[:2]}…"


# ------------------------------------------------------------------ where never to


def require_public_name(host: str) -> None:
    """Raise UsageError for a host that is inside a private network as it is written, in whatever way."""
    if not host:
        raise UsageError("This address names no host.", code="address")
    if get_settings().notify_private:
        return
    name = host.rstrip(".").lower()
    local = name == "localhost" or name.endswith((".localhost", ".local", ".internal")) or "." not in name.strip("[]")
    number = _number(name)
    if (number is not None and not is_public(number)) or (number is None and local and ":" not in name):
        raise UsageError(
            f"{host} is inside a private network, and this server does not send there. Use a public address, or ask "
            "whoever runs this installation for PLUMBLINE_NOTIFY_PRIVATE.",
            code="address_private",
        )


def _number(name: str) -> str | None:
    """The IP address that a host is, also where it is written as one number, octal or hexadecimal; None for a name."""
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return None


def is_public(number: str) -> bool:
    """Whether an IP address is one of the open internet, and so is every address that is packed into it."""
    try:
        found = ipaddress.ip_address(number.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        packed = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in _TRANSLATED:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if any(one is not None and not is_public(str(one)) for one in packed):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved
