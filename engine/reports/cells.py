"""What may stand in a cell: in CSV no beginning of a formula, in a workbook no character that XML does not have."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 32_767
"""What a cell of a workbook holds, in units of UTF-16."""

_STARTS: Final = frozenset("=+-@\t\r\n")
"""What a spreadsheet takes for the beginning of a formula; full-width and small forms are brought to these."""

_BEFORE: Final = " \"'\u00a0\u200b\u2060\ufeff"
"""What a spreadsheet may drop before it looks."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def cell(value: object) -> object:
    """A value as a CSV cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if isinstance(value, str) and _begins_formula(value.lstrip(_BEFORE)):
        return "'" + value
    return value


def _begins_formula(text: str) -> bool:
    return bool(text) and (text[0] in _STARTS or unicodedata.normalize("NFKC", text[0])[0] in _STARTS)


def clean(text: str) -> str:
    """Text that every reader of a workbook reads the same: no control characters, no halves of a pair, one line end."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def fitting(text: str) -> str:
    """The text as far as a cell holds it."""
    if len(text) <= LONGEST // 2:
        return text
    units = text.encode("utf-16-le")
    return text if len(units) <= 2 * LONGEST else units[: 2 * LONGEST].decode("utf-16-le", "ignore")
