"""What may be a password, and the sentence that says why not."""

from __future__ import annotations

import pytest

from engine.access.strength import password_fault


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("too short", "has 9 characters"),
        ("x" * 73, "longer than 72 bytes"),
        ("aaaaaabbbbbb", "fewer than 5 different"),
        ("passwordpassword", "one piece written again and again"),
        ("Plumbline-Plumbline-", "one piece written again and again"),
        ("Password1234", "little more than “password”"),
        ("qwertyuiop12", "little more than “qwertyuiop”"),
        ("123456789012", "little more than “1234567890”"),
        ("benjamin2026", "little more than the name"),
    ],
)
def test_a_password_that_is_tried_first_is_refused_with_the_reason(password: str, why: str) -> None:
    fault = password_fault(password, "benjamin")
    assert fault is not None
    assert why in fault
    assert fault.endswith(".")


@pytest.mark.parametrize(
    "password", ["a plumb line hangs true", "seventeen calm herons", "password of the lighthouse", "Tr0ub4dor&3xyz"]
)
def test_a_few_unrelated_words_are_taken(password: str) -> None:
    assert password_fault(password, "ben") is None
    assert password_fault(password, "") is None
