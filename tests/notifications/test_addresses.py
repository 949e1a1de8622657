"""Where notifications may be sent to: a table of what is taken and of what never is."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from engine.access.addresses import checked, is_public
from engine.errors import UsageError
from engine.settings import get_settings
from jobs.sending_main import Guard

TAKEN = {
    "https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/ccccCCCC": (
        "slack://T0AAAAAAA/B0BBBBBBB/ccccCCCC",
        "Slack · t0…",
    ),
    "https://discord.com/api/webhooks/1234/aB-c_d": ("discord://1234/aB-c_d", "Discord · 12…"),
    "https://example.com/hook?token=se%20cret&x=1": (
        "jsons://example.com/hook?-token=se+cret&-x=1",
        "webhook · example.com/…",
    ),
    "HTTP://Example.com:8080/hook": ("json://Example.com:8080/hook", "webhook · example.com/…"),
    " jsons://user:pw@example.com/hook ": ("jsons://user:pw@example.com/hook", "webhook · example.com/…"),
    "mailtos://ann:pw@smtp.example.com:587?to=ann@example.com": (
        "mailtos://ann:pw@smtp.example.com:587?to=ann@example.com",
        "e-mail · a…@example.com",
    ),
    "tgram://123456:AAAA/42": ("tgram://123456:AAAA/42", "Telegram · 12…"),
    "jsons://93.184.216.34/hook": ("jsons://93.184.216.34/hook", "webhook · 93.184.216.34/…"),
    "jsons://[2606:2800:220:1::1]/hook": ("jsons://[2606:2800:220:1::1]/hook", "webhook · 2606:2800:220:1::1/…"),
}
SCHEMES = (
    "exec://id", "script://x", "file:///etc/passwd", "dbus://", "gnome://", "windows://", "macosx://", "syslog://",
    "rsyslog://example.com", "glib://", "kde://", "custom://x", "python://x", "ssh://example.com", "ftp://example.com",
    "gopher://example.com", "data://x", "mqtt://example.com", "irc://example.com", "blink1://", "deltachat://x",
)  # fmt: skip
ODD = (
    "", "example.com/hook", "jsons://", "jsons:///hook", "jsons://a b", "jsons://example.com,exec://id",
    "jsons://example.com exec://id", "jsons://example.com\nexec://id", "jsons://exämple.com/", "jsons://example.com:99999/",
    "jsons://[::1/", "jsons://example.com/" + "a" * 1000,
    "workflows://example.com/a/b?template=/etc/passwd", "mailtos://a:b@example.com?pgpkey=/etc/passwd",
    "mailtos://a:b@example.com?pgp=yes", "jsons://example.com/?attach=/etc/passwd", "jsons://example.com/?verify=no",
    "slack://T/B/C?template=file:///etc/passwd", "jsons://example.com/?cto=600", "jsons://example.com/?emojis=yes",
)  # fmt: skip
PRIVATE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "10.0.0.1", "172.16.5.4",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "240.0.0.1",    "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost", "LOCALHOST", "localhost.", "db", "x.localhost",
    "printer.local",    "metadata.google.internal",
)  # fmt: skip


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "notify_private", False)


@pytest.mark.parametrize("address", TAKEN)
def test_what_is_taken(address: str) -> None:
    assert tuple(checked(address)) == TAKEN[address]


@pytest.mark.parametrize("address", SCHEMES)
def test_what_runs_or_writes_something_here_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        checked(address)


@pytest.mark.parametrize("address", ODD)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked(address)
    assert "/etc/passwd" not in refused.value.message


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize(
    "shape", ["http://{}/x", "jsons://{}:8080/x", "mailtos://a:b@{}?to=a@b.org", "mailtos://a:b@b.org?smtp={}"]
)
def test_private_places_are_refused(host: str, shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "smtp=" in shape:
        host = host.strip("[]")
    with pytest.raises(UsageError) as refused:
        checked(shape.format(host))
    assert refused.value.code in ("address_private", "address")
    monkeypatch.setattr(get_settings(), "notify_private", True)
    checked(shape.format(host))


@pytest.mark.parametrize(
    ("numbers", "goes"),
    [
        (["93.184.216.34"], True),
        (["93.184.216.34", "2606:2800:220:1::1"], True),
        (["93.184.216.34", "10.0.0.1"], False),
        (["::ffff:169.254.169.254"], False),
        (["fe80::1%eth0"], False),
        (["not a number"], False),
        ([], False),
    ],
)
def test_every_address_of_a_name_is_asked_about(numbers: list[str], goes: bool) -> None:
    """Whatever was typed: where a name leads to is decided when the connection is made, redirects included."""
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443)) for number in numbers]
    guard = Guard(lambda *_: found)
    if goes:
        assert guard("example.com", 443) == found
    else:
        with pytest.raises(socket.gaierror):
            guard("example.com", 443)
    assert guard.refused is not goes


@pytest.mark.parametrize("number", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_the_open_internet_is_public(number: str) -> None:
    assert is_public(number)
