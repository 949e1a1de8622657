"""What the columns of an unknown file may mean, and the name of its shape."""

from __future__ import annotations

import random

import pytest

from engine.errors import InputRefused
from engine.formats import peek, read_table, signature
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


def test_a_guess_reads_the_file_that_nobody_knew() -> None:
    data = samples.lines(_unknown())
    with pytest.raises(InputRefused, match="no known form"):
        read_table(data, "x")
    found = {column.role: column.name for column in peek(data, "x").columns}
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
    expected = {column.name: column.role for column in peek(samples.lines(made), "x").columns}
    for seed in range(5):
        random.Random(seed).shuffle(names)
        again = peek(samples.table([{name: row[name] for name in names} for row in made]), "x").columns
        roles = {column.name: column.role for column in again}
        assert {name: roles[name] for name in expected if expected[name] != "slice"} == {
            name: role for name, role in expected.items() if role != "slice"
        }


def test_examples_are_short_distinct_and_at_most_three() -> None:
    data = samples.lines([{"x": "y" * 500, "z": number % 2, "score_a": 1.5} for number in range(30)])
    found = {column.name: column for column in peek(data, "x").columns}
    assert found["x"].examples == ("y" * 80,)
    assert found["z"].examples == ("0", "1")
    assert found["score_a"].role == "score_a"
    assert all(
        0 <= column.confidence <= 1 and bool(column.role) == (column.confidence > 0) for column in found.values()
    )


@pytest.mark.parametrize("name", sorted(samples.FILES))
def test_every_sample_can_be_looked_at(name: str) -> None:
    seen = peek(samples.FILES[name](), name)
    roles = [column.role for column in seen.columns if column.role not in ("", "slice", "annotators")]
    assert len(roles) == len(set(roles))
    assert set(roles) <= set(ROLES)
    assert seen.columns
    assert seen.container in ("json", "json_lines", "csv", "parquet", "workbook")


def test_the_surest_name_wins_and_a_role_is_given_once() -> None:
    data = csv("score_a,reward_a,thing", *(f"{number}.5,{number}.25,x{number}" for number in range(40)))
    assert [column.role for column in peek(data, "x").columns][:2] == ["score_a", ""]


def test_a_shape_has_one_name_whatever_the_order_and_writing() -> None:
    assert signature(["Prompt ID", "score a"], "csv") == signature(["score_a", "prompt-id"], "csv")
    assert signature(["a", "b"], "csv") != signature(["a", "b"], "parquet")
    assert signature(["a", "b"]) != signature(["a", "c"])
    first, second = (peek(samples.lines(_unknown(rows)), "x").signature for rows in (10, 40))
    assert first == second


def test_nothing_to_look_at() -> None:
    with pytest.raises(InputRefused):
        peek(b"[]", "x")
    with pytest.raises(InputRefused):
        peek(b"\x00\x01", "x")
