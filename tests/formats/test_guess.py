"""What the columns of a file may mean, the shape of a file, and mappings that were saved of that shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.errors import PlumblineError, UsageError
from engine.formats import Saved, read, signature
from engine.formats.guess import EXAMPLES, LONGEST_EXAMPLE, MOST_COLUMNS, fitted
from engine.formats.plan import ROLES
from tests.formats.reading import csv

HEAD = "id,rm out left,rm out right,human,topic"
FILE = csv(HEAD, *(f"q{row},{row % 7},{row % 5},{'left' if row % 2 else 'right'},law" for row in range(60)))
MAPPING = {"score_a": "rm out left", "score_b": "rm out right", "label": "human"}


def saved(mapping: Mapping[str, str] = MAPPING, name: str = "ours") -> Saved:
    return {signature(HEAD.split(",")): {"name": name, "mapping": dict(mapping)}}


def columns(data: bytes, mapping: Mapping[str, str] | None = None, **more: Any) -> dict[str, tuple[str | None, float]]:
    """Role and confidence of each column, whether the file is taken or not."""
    reading = read(data, "file", mapping, **more)
    try:
        list(reading)
        found = reading.report.source_columns
    except PlumblineError as error:
        found = error.source_columns
    return {one["name"]: (one["role"], one["confidence"]) for one in found}


def test_the_shape_is_that_of_the_plain_names_in_any_order() -> None:
    assert signature(["Score A", "label"]) == signature(["label", "score_a"])
    assert signature(["score_a"]) != signature(["score_a", "label"])
    assert signature(["a", "b"]) != signature(["a_b"])
    assert len(signature([])) == 64


def test_a_file_that_is_read_says_as_what() -> None:
    found = columns(csv("score_a,score_b,label,source", *("1,0,A,x", "0,1,B,y") * 30))
    assert found == {
        "score_a": ("score_a", 1),
        "score_b": ("score_b", 1),
        "label": ("label", 1),
        "source": ("slice", 1),
    }


def test_a_file_that_is_not_recognised_is_guessed_at() -> None:
    found = columns(csv("prompt,reward left,reward right,picked", *("why,1,0,L", "who,0,1,R") * 20))
    assert found["reward left"][0] == "score_a"
    assert found["reward right"][0] == "score_b"
    assert found["prompt"] == ("prompt_text", 0.8)
    assert found["picked"] == ("slice", 0.3)
    assert all(0 <= sure < 1 for _role, sure in found.values())


def test_a_role_is_guessed_once_and_a_score_only_of_numbers() -> None:
    found = columns(csv("reward a,score a,reward b,note", *("x,1,2,n", "y,2,3,n") * 10))
    assert found["reward a"][0] != "score_a"
    assert found["score a"][0] == "score_a"
    given = [role for role, _sure in found.values() if role]
    assert len(given) == len(set(given))
    assert set(given) <= set(ROLES)


def test_examples_are_few_short_and_different() -> None:
    data = csv("name,long", *(f"{'ann' if row < 5 else f'name {row}'},{'x' * 500}" for row in range(30)))
    with pytest.raises(PlumblineError) as refused:
        list(read(data, "file"))
    first, second = refused.value.source_columns
    assert first["examples"] == ["ann", "name 5", "name 6"]
    assert len(first["examples"]) == EXAMPLES
    assert [len(text) for text in second["examples"]] == [LONGEST_EXAMPLE]


def test_of_very_many_columns_the_first_are_told() -> None:
    names = [f"c{number}" for number in range(MOST_COLUMNS + 20)]
    assert list(columns(csv(",".join(names), ",".join("1" for _ in names)))) == names[:MOST_COLUMNS]


def test_what_was_saved_is_used_and_said() -> None:
    reading = read(FILE, "file", saved=saved(name="<b>ours</b>"))
    assert sum(len(table) for table in reading) == 60
    report = reading.report
    assert report.mapping == MAPPING
    assert [(one.code, one.message) for one in report.warnings if one.code == "mapping_applied"] == [
        ("mapping_applied", "the columns are read as saved under the name <b>ours</b>")
    ]
    assert report.columns.items() >= {column: role for role, column in MAPPING.items()}.items()


def test_it_reads_a_file_that_spells_its_columns_otherwise() -> None:
    reading = read(FILE.replace(b"rm out left", b"RM-out_LEFT"), "file", saved=saved())
    assert sum(len(table) for table in reading) == 60
    assert reading.report.mapping["score_a"] == "RM-out_LEFT"


@pytest.mark.parametrize(
    ("mapping", "kept"),
    [({"margin": "rm out left"}, saved()), ({}, {}), ({}, {"0" * 64: {"name": "other", "mapping": MAPPING}})],
)
def test_it_is_not_used_where_something_else_is_said_or_the_shape_is_another(
    mapping: dict[str, str], kept: Saved
) -> None:
    reading = read(FILE, "file", mapping, saved=kept)
    with pytest.raises(PlumblineError):
        list(reading)
    assert reading.report.mapping == {}
    assert all(one.code != "mapping_applied" for one in reading.report.warnings)


def test_one_that_does_not_fit_is_left_alone() -> None:
    """The columns were told in part only, or are of another time: a mapping that names others changes nothing."""
    assert fitted({"label": "gone"}, ["human"]) is None
    assert fitted({"slice": "topic,gone"}, ["topic"]) is None
    assert fitted({"slice": "Topic,law", "scale": "10"}, ["topic", "law"]) == {"slice": "topic,law", "scale": "10"}
    assert fitted({"prompt": "meta.id"}, ["meta"]) == {"prompt": "meta.id"}
    reading = read(
        csv("score_a,score_b,label", *("1,0,A", "0,1,B") * 20),
        "file",
        saved={signature(["score_a", "score_b", "label"]): {"name": "x", "mapping": {"judge": "gone"}}},
    )
    assert sum(len(table) for table in reading) == 40


def test_a_mapping_that_is_wrong_tells_the_columns() -> None:
    with pytest.raises(UsageError) as refused:
        list(read(FILE, "file", {"score_a": "gone"}))
    told = refused.value.to_dict()
    assert [one["name"] for one in told["source_columns"]] == HEAD.split(",")  # type: ignore[attr-defined]
    assert told["signature"] == signature(HEAD.split(","))
