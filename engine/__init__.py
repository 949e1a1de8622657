"""Plumbline's engine. In a notebook: `from engine import analyse`."""

from __future__ import annotations

from typing import Any

__all__ = ["analyse"]


def __getattr__(name: str) -> Any:
    """`analyse`, loaded when first asked for: most processes import the engine for other things."""
    if name == "analyse":
        from engine.standalone import analyse

        return analyse
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
