"""Every break finds what it breaks, still makes a program of it, and is meant for a fault that exists."""

from __future__ import annotations

import ast

import pytest

from benchmarks.faults.__main__ import catalogue
from benchmarks.faults.breaks import BREAKS
from benchmarks.faults.broken import Break
from engine.settings import ROOT


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: f"{one.fault} {one.what}")
def test_a_break_finds_its_place(broken: Break) -> None:
    text = (ROOT / broken.path).read_text(encoding="utf-8")
    assert text.count(broken.old) == 1
    ast.parse(text.replace(broken.old, broken.new))


def test_a_break_is_for_a_fault() -> None:
    assert {one.fault for one in BREAKS} <= set(catalogue())
