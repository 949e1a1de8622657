"""What the palette asks, and what becomes of it; the target and what is known are the server's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine import registry, usage
from engine.errors import UsageError
from engine.queries import datasets, palette
from engine.types import PaletteEntry, Who
from pages.parts import commands, state, widgets
from tests.pages import samples
from tests.pages.conftest import Give, Page, part


def told(who: Who) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in json.loads(commands.entries(who, "main", "main", 0))["entries"]}


def test_what_is_not_known_is_asked_with_its_kind(who: Who, give: Give) -> None:
    dataset = give(samples.pairs(), read=False)
    found = told(who)
    (name,) = found[f"action:rename:{dataset}"]["questions"]
    assert (name["name"], name["kind"], name["default"]) == ("name", "text", "scores.csv")
    of_token = {one["name"]: one for one in found["action:new-token"]["questions"]}
    assert [option[0] for option in of_token["scope"]["options"]] == list(
        registry.ACTIONS["token.create"].arguments[1].choices
    )
    assert of_token["project"]["options"] == [["", "Every project"], ["main", "Main"]]
    assert (of_token["days"]["low"], of_token["days"]["high"], of_token["days"]["optional"]) == (1, 366, True)


def test_every_question_can_be_answered_in_the_palette(who: Who, give: Give) -> None:
    """No action is offered whose missing arguments the palette cannot ask for."""
    give(samples.pairs())
    for entry in palette.entries(who, "main"):
        if entry.run != "action" or entry.target in commands.ELSEWHERE:
            continue
        asked = {one["name"] for one in told(who)[entry.id].get("questions", [])}
        needed = {one.name for one in registry.ACTIONS[entry.target].arguments if one.required}
        assert needed - set(entry.arguments) - asked <= {"page", "query"}, entry.title
        assert not asked & set(entry.arguments)


def test_what_takes_away_warns(who: Who, give: Give) -> None:
    dataset = give(samples.pairs(), read=False)
    assert "brought back" in told(who)[f"action:remove:{dataset}"]["warning"]
    assert "warning" not in told(who)[f"action:rename:{dataset}"]


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(state, "remember_outcome", told.append)
    return told


def test_the_browser_cannot_change_what_is_known(who: Who, give: Give, outcomes: list[dict[str, Any]]) -> None:
    first, second = give(samples.pairs(), "one.csv", read=False), give(samples.pairs(9), "two.csv", read=False)
    entry = next(one for one in palette.entries(who, "main") if one.id == f"action:rename:{first}")
    before = usage.changes[usage.PALETTE]
    commands.perform(who, entry, {"name": "other.csv", "dataset_id": second})
    assert datasets.get_dataset(who, first).name == "other.csv"
    assert datasets.get_dataset(who, second).name == "two.csv"
    assert outcomes == [{}]
    assert usage.changes[usage.PALETTE] == before + 1


def test_what_is_refused_is_told(who: Who, outcomes: list[dict[str, Any]]) -> None:
    make = PaletteEntry("x", "Make a project…", "Actions", "action", "project.create")
    commands.perform(who, make, {"project": "main"})
    commands.perform(who, None, {})
    assert [bool(one["error"]) for one in outcomes] == [True, True]


def test_a_page_tells_its_controls(page: Page, give: Give) -> None:
    dataset = give(samples.pairs())
    given = part(page("calibration", dataset=str(dataset)), "cards")
    assert given is not None
    controls = {one["name"]: one for one in given["controls"]}
    assert (controls["bins"]["label"], controls["bins"]["now"], controls["bins"]["kind"]) == ("Bins", "15", "choice")
    assert ["20", "20"] in controls["bins"]["options"]
    assert {"slice", "recalibrator"} <= set(controls)


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        ("choice", "b", "b"),
        ("choice", "c", None),
        ("choice", ["b"], None),
        ("several", ["a", "b"], ["a", "b"]),
        ("several", "a", None),
        ("text", "anything", "anything"),
        ("text", 3, None),
        ("number", "0.5", 0.5),
        ("number", "−1", None),
        ("number", "nan", None),
        ("number", "many", None),
    ],
)
def test_a_control_takes_only_what_fits(kind: Any, value: Any, taken: Any) -> None:
    got: list[Any] = []
    control = widgets.Control("x", "X", kind, "", got.append, [("a", "A"), ("b", "B")], 0.0, 1.0)
    if taken is None:
        with pytest.raises(UsageError):
            control.set(value)
    else:
        control.set(value)
    assert got == ([] if taken is None else [taken])
