"""Names that people type: made comparable, and refused where they would confuse."""

from __future__ import annotations

import unicodedata

from engine.errors import UsageError


def storable(text: str) -> str:
    """A text that every database can hold and compare: no NUL, no half characters."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def clean(text: str, longest: int, what: str) -> str:
    """`text` on one line, without control marks or outer space, cut to `longest` characters.

    Raises UsageError where nothing is left.
    """
    normal = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    shown = "".join(letter if not unicodedata.category(letter).startswith("C") else " " for letter in normal)
    cleaned = " ".join(shown.split())[:longest].strip()
    if not cleaned:
        raise UsageError(f"{what} cannot be empty.", code="empty_name")
    return cleaned


def prose(text: str, longest: int, what: str) -> str:
    """`text` as its lines, without other control marks or outer space.

    Raises UsageError where nothing is left or it has more than `longest` characters: nobody's reasons are cut short.
    """
    normal = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    lines = (
        "".join(letter if not unicodedata.category(letter).startswith("C") else " " for letter in line).rstrip()
        for line in normal.splitlines()
    )
    written = "\n".join(lines).strip()
    if not written:
        raise UsageError(f"{what} cannot be empty.", code="empty_text")
    if len(written) > longest:
        raise UsageError(f"{what} has at most {longest:,} characters; this has {len(written):,}.", code="too_long")
    return written


def account_name(text: str) -> str:
    """A sign-in name in the form it is stored and compared in: Ann and ann are one person. Raises UsageError."""
    return unicodedata.normalize("NFKC", clean(text, 100, "A name")).casefold()[:100]
