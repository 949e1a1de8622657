"""The slices of a dataset that stands still are concluded before anybody asks."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest

from engine.analysis import ANALYSES
from engine.queries import results
from engine.queries.datasets import get_dataset
from engine.types import DatasetView, Who
from pages.parts import ahead
from pages.parts.looking import Looking
from tests.pages import samples
from tests.pages.conftest import Give

VIEW = {"bins": 10, "slice": ""}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "STILL_SECONDS", 0.0)
    monkeypatch.setattr(ahead, "DRAWING_SECONDS", 0.0)
    monkeypatch.setattr(ahead, "MOST_SLICES", 8)
    ahead._asked.clear()


@pytest.fixture
def dataset(give: Give, who: Who) -> DatasetView:
    return get_dataset(who, give(samples.pairs()))


def look(who: Who, dataset: DatasetView) -> bool:
    """Whether looking at it had anything concluded; waits until that is done."""
    timer = ahead.conclude_slices(who, Looking("calibration", dataset, VIEW))
    if timer is not None:
        timer.join()
    return timer is not None


def test_choosing_a_slice_finds_its_answer(dataset: DatasetView, who: Who) -> None:
    assert look(who, dataset)
    with patch.object(type(ANALYSES["calibration"]), "conclude", side_effect=AssertionError("concluded again")):
        for column, values in dataset.slices.items():
            for value in values:
                params = {"bins": 10, "slice": f"{column}={value}"}
                assert results.conclude(who, dataset.id, params=params, rows=False).version == dataset.version


def test_it_is_done_once_for_everybody(dataset: DatasetView, who: Who) -> None:
    assert look(who, dataset)
    assert not look(who, dataset)
    assert not look(who, replace(dataset, slices={}))


def test_rows_that_keep_arriving_are_left_alone(dataset: DatasetView, who: Who) -> None:
    with patch.object(results, "conclude", side_effect=AssertionError("an older version was concluded")):
        assert look(who, replace(dataset, version=dataset.version - 1))
