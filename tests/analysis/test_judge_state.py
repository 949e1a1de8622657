"""Judge states add up whatever the segments, survive their bytes, narrow to slices; what is refused, by name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.analysis.slicing import SLICE_VALUES
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Rows
from tests.analysis.judges import ANALYSIS, DEFAULTS, conclude, rows_of, world


def rich(n: int = 400, values: int = 3) -> Rows:
    """Rows with everything: several judges and items, lengths, orders, ties, gaps, a slice column."""
    generator = np.random.default_rng(5)
    label = generator.choice([0, 0.5, 1, np.nan], n)
    verdict = generator.choice([0, 0.5, 1, np.nan], n, p=[0.3, 0.2, 0.4, 0.1])
    items = generator.integers(0, 3, n)
    names = {
        "judge": (generator.integers(-1, 2, n), ["gemma", "llama"]),
        "item_a": (items, ["x", "y", "z"]),
        "item_b": ((items + generator.integers(0, 3, n)) % 3, ["x", "y", "z"]),
    }
    rows = rows_of(
        label,
        verdict,
        prompt=np.arange(n) // 2,
        names=names,
        lengths=(generator.integers(1, 99, n) * 1.0, generator.integers(1, 99, n) * 1.0),
        first=generator.integers(-1, 2, n).astype(np.int8),
    )
    codes = generator.integers(-1, values, n).astype(np.int32)
    return dataclasses.replace(rows, slices={"domain": (codes, [f"d{number:03}" for number in range(values)])})


def part(rows: Rows, which: np.ndarray) -> Rows:
    columns = {name: column[which] for name, column in rows.columns.items()}
    slices, names = (
        {name: (codes[which], values) for name, (codes, values) in one.items()} for one in (rows.slices, rows.names)
    )
    styles = {name: tuple(side[which] for side in sides) for name, sides in rows.styles.items()}
    return Rows(rows.kind, columns, slices, names, styles)


def renamed(rows: Rows) -> Rows:
    """Only the names that occur, as a segment has them."""
    found = {}
    for name, (codes, values) in rows.names.items():
        used = sorted(set(codes.tolist()) - {-1})
        place = {code: number for number, code in enumerate(used)} | {-1: -1}
        found[name] = (np.array([place[code] for code in codes], np.int32), [values[code] for code in used])
    return dataclasses.replace(rows, names=found)


def told(state: object, **params: object) -> dict:
    parameters = ANALYSIS.parameters.parse(params)
    result = ANALYSIS.conclude(state, parameters)
    return {**result.to_dict(), "worst": result.worst, "evidence": None}


@pytest.mark.parametrize("params", [{}, {"judge": "gemma", "item": "z"}, {"slice": "domain=d001"}])
def test_segments_say_what_the_whole_says(params):
    rows = rich()
    codes = rows.names["item_a"][0]
    segments = [codes == 1, codes == 0, codes == 2]
    states = [ANALYSIS.observe(renamed(part(rows, chosen)), DEFAULTS) for chosen in segments]
    joined = ANALYSIS.combine(ANALYSIS.combine(states[0], states[1]), states[2])
    one, other = told(joined, **params), told(ANALYSIS.observe(rows, DEFAULTS), **params)
    assert one["estimates"].keys() == other["estimates"].keys()
    for name, estimate in one["estimates"].items():
        for key in ("value", "low", "high", "n"):
            expected = other["estimates"][name][key]
            expected = expected if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-12)
            assert estimate[key] == expected, name
    assert one["pictures"]["label_next"] == other["pictures"]["label_next"]
    assert one["worst"] == other["worst"]


def test_items_and_judges_that_only_one_segment_knows():
    rows = world(300, labelled=1)
    names = {
        "item_a": (rows.names["item_a"][0], ["middle", "old"]),
        "item_b": (rows.names["item_b"][0], ["middle", "old"]),
    }
    judge = np.zeros(300, np.int32)
    one = dataclasses.replace(rows, names={**rows.names, "judge": (judge, ["zeta"])})
    other = dataclasses.replace(world(300, labelled=1, seed=1), names={**names, "judge": (judge, ["beta"])})
    joined = ANALYSIS.combine(ANALYSIS.observe(one, DEFAULTS), ANALYSIS.observe(other, DEFAULTS))
    assert (joined.judges, joined.items) == (("beta", "zeta"), ("middle", "new", "old"))
    for alone, judged, item in ((one, "zeta", "new"), (one, "zeta", "old"), (other, "beta", "middle")):
        params = {"judge": judged, "item": item}
        expected = conclude(alone, **params).estimates
        found = ANALYSIS.conclude(joined, ANALYSIS.parameters.parse(params)).estimates
        for name in ("win_rate_human", "win_rate_judge", "agreement"):
            assert found[name].value == pytest.approx(expected[name].value), name


def test_bytes():
    state = ANALYSIS.observe(rich(), DEFAULTS)
    data = ANALYSIS.to_bytes(state)
    again = ANALYSIS.from_bytes(data)
    assert ANALYSIS.to_bytes(again) == data
    assert told(again) == told(state)
    empty = ANALYSIS.observe(part(rich(), np.zeros(400, bool)), DEFAULTS)
    assert (
        told(ANALYSIS.combine(ANALYSIS.from_bytes(ANALYSIS.to_bytes(empty)), state))["estimates"]
        == told(state)["estimates"]
    )


def test_a_slice_is_the_analysis_of_its_rows():
    """But for orders, which are not kept by slice, and intervals, which rest on 64 buckets."""
    rows = rich()
    narrowed = conclude(rows, slice="domain=d002").estimates
    alone = conclude(part(rows, rows.slices["domain"][0] == 2)).estimates
    for name in ("agreement", "cohen_kappa", "tie_rate", "length_bias", "win_rate_human", "win_rate_judge"):
        assert narrowed[name].value == pytest.approx(alone[name].value), name
        assert narrowed[name].n == alone[name].n, name
    assert narrowed["order_consistency"].value is None


def test_slices_that_there_are_not():
    for wrong in ("domain=none", "tone=rude"):
        with pytest.raises(NotFound):
            conclude(rich(), slice=wrong)
    with pytest.raises(NotFound, match="more than"):
        conclude(rich(values=SLICE_VALUES + 1), slice="domain=d001")


def test_judges_and_items_that_there_are_not():
    with pytest.raises(NotFound, match="gemma"):
        conclude(rich(), judge="nobody")
    with pytest.raises(NotFound, match="item"):
        conclude(rich(), item="w")


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("label", "verdict", "code"),
    [
        (np.ones(100), np.full(100, np.nan), "no_verdicts"),
        (np.full(100, np.nan), np.ones(100), "no_labels"),
        (np.where(np.arange(100) < 29, 1.0, np.nan), np.ones(100), "not_enough_data"),
    ],
)
def test_what_does_not_suffice_is_refused_by_name(label, verdict, code):
    with pytest.raises(NotEnoughData) as refused:
        conclude(rows_of(label, verdict))
    assert refused.value.code == code


def test_rows_without_a_verdict_are_left_out_and_counted():
    rows = world(300, labelled=1)
    verdict = np.where(np.arange(300) < 12, np.nan, rows.columns["verdict"])
    result = conclude(dataclasses.replace(rows, columns={**rows.columns, "verdict": verdict}))
    assert result.dataset["rows"] == 288
    assert any(one.code == "rows_left_out" and "12 rows" in one.message for one in result.warnings)


def test_values_out_of_range_are_refused():
    for label, verdict in ((np.full(50, 2.0), np.ones(50)), (np.ones(50), np.full(50, -1.0))):
        with pytest.raises(InputRefused):
            conclude(rows_of(label, verdict))
    with pytest.raises(UsageError):
        ANALYSIS.observe(dataclasses.replace(world(50), kind="score"), DEFAULTS)


def test_what_it_applies_to():
    assert ANALYSIS.applies("comparison", ["label", "verdict"])
    assert ANALYSIS.applies("comparison", ["label", "margin"])
    assert ANALYSIS.missing("comparison", ["label"]) == ("verdict",)
    assert not ANALYSIS.applies("score", ["label", "verdict"])


@pytest.mark.parametrize("params", [{"level": 1}, {"half_width": 0}, {"half_width": 0.5}, {"slice": "x"}, {"bins": 3}])
def test_parameters_are_checked(params):
    with pytest.raises(UsageError):
        ANALYSIS.parameters.parse(params)
