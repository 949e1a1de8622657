"""What the columns of an unknown file may mean, by their names, their twins and what stands in them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.errors import InputRefused, PlumblineError
from engine.formats import read, read_table
from engine.formats.guess import SEVERAL
from engine.formats.plan import ROLES
from tests.formats import samples
from tests.formats.reading import csv


def _unknown(rows: int = 40) -> list[samples.Row]:
    rng = random.Random(31)
    return [
        {
            "asked": f"Please say what you think of number {number // 2} and why.",
            "reply left": f"I think that number {number} is a rather fine one indeed.",
            "reply right": f"There is nothing whatever to be said about {number}.",
            "rm left": round(rng.gauss(0, 2), 3),
            "rm right": round(rng.gauss(0, 2), 3),
            "human": rng.choice(["left", "right", "tie"]),
            "when": f"2024-03-{number % 28 + 1:02d}T10:00:00",
            "team": rng.choice(["red", "blue"]),
            "rater": f"w{number % 4}",
        }
        for number in range(rows)
    ]


def columns(data: bytes) -> list[dict[str, Any]]:
    """What is said of each column of a file, taken or not."""
    reading = read(data, "x")
    try:
        list(reading)
    except PlumblineError as error:
        return error.source_columns
    return reading.report.source_columns


def test_a_guess_reads_the_file_that_nobody_knew() -> None:
    data = samples.lines(_unknown())
    with pytest.raises(InputRefused, match="no known form"):
        read_table(data, "x")
    found = {column["role"]: column["name"] for column in columns(data)}
    assert found == {
        "prompt_text": "asked",
        "text_a": "reply left",
        "text_b": "reply right",
        "score_a": "rm left",
        "score_b": "rm right",
        "label": "human",
        "time": "when",
        "slice": "team",
        "annotator": "rater",
    }
    table, report = read_table(data, "x", found)
    made = _unknown()
    assert table.column("margin").to_pylist() == [row["rm left"] - row["rm right"] for row in made]
    assert report.accepted == 40


def test_the_order_of_columns_does_not_matter() -> None:
    made = _unknown()
    names = list(made[0])
    expected = {column["name"]: column["role"] for column in columns(samples.lines(made))}
    for seed in range(5):
        random.Random(seed).shuffle(names)
        again = columns(samples.table([{name: row[name] for name in names} for row in made]))
        roles = {column["name"]: column["role"] for column in again}
        assert {name: roles[name] for name in expected if expected[name] != "slice"} == {
            name: role for name, role in expected.items() if role != "slice"
        }


@pytest.mark.parametrize("name", sorted(samples.FILES))
def test_every_sample_can_be_looked_at(name: str) -> None:
    seen = columns(samples.FILES[name]())
    roles = [column["role"] for column in seen if column["role"] not in (None, *SEVERAL)]
    assert len(roles) == len(set(roles))
    assert set(roles) <= set(ROLES)
    assert seen
    assert all((column["role"] is None) == (column["confidence"] == 0) for column in seen)


def test_the_surest_name_wins_and_a_role_is_given_once() -> None:
    data = csv("score_a,reward_a,thing", *(f"{number}.5,{number}.25,x{number}" for number in range(40)))
    assert [column["role"] for column in columns(data)][:2] == ["score_a", None]
