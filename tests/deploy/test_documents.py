"""The table of settings in docs/operations.md is the one of engine/settings.py: PLUMBLINE_WRITE=1 writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import SecretStr

from engine.settings import ROOT, Settings

DOCUMENT = ROOT / "docs" / "operations.md"
TABLE = re.compile(r"(<!-- settings: .*? -->\n).*?(<!-- end of settings -->)", re.DOTALL)


def shown(value: object) -> str:
    """A default as people write it into an environment."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Path) and value.is_relative_to(ROOT):
        value = f"{value.relative_to(ROOT)}/"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value not in ("", None) else ""


def table() -> str:
    """Every setting with its default and what it means."""
    rows = ["| setting | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{name}` | {shown(field.default)} | {field.description} |")
    return "\n".join(rows) + "\n"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_page_lists_every_setting() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    wanted = TABLE.sub(lambda found: found.group(1) + table() + found.group(2), text)
    if os.environ.get("PLUMBLINE_WRITE"):
        DOCUMENT.write_text(wanted, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == wanted, "write it with PLUMBLINE_WRITE=1"


def test_every_setting_the_page_speaks_of_exists() -> None:
    spoken = set(re.findall(r"PLUMBLINE_([A-Z_]+[A-Z])", DOCUMENT.read_text(encoding="utf-8")))
    assert spoken - {name.upper() for name in Settings.model_fields} == set()
