"""Slices in which an item does better: found where there is one, not found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from engine.analysis.ranking import columns
from engine.types import Rows
from tests.analysis.battles import conclude, rows_of

ELO = 400 / np.log(10)
TRUE = np.array([0.6, 0.2, 0.0, -0.3, -0.5])
TOPICS = ["code", "law", "math", "poetry"]


def sliced(n: int, shift: float, *, seed: int, prompts: int | None = None, item: int = 3) -> Rows:
    """Battles in which one item is stronger by `shift` in the slice topic=math."""
    generator = np.random.default_rng(seed)
    prompt = np.arange(n) % (prompts or n)
    topic = generator.integers(0, 4, prompt.max() + 1)[prompt].astype(np.int32)
    tone = generator.integers(0, 2, n).astype(np.int32)
    a = generator.integers(0, 5, n)
    b = (a + generator.integers(1, 5, n)) % 5
    moved = [TRUE[side] + np.where((topic == 2) & (side == item), shift, 0.0) for side in (a, b)]
    label = (generator.random(n) < expit(moved[0] - moved[1])).astype(float)
    rows = rows_of([f"m{i}" for i in a], [f"m{i}" for i in b], label, prompts=prompts)
    return Rows(rows.kind, rows.columns, {"topic": (topic, TOPICS), "tone": (tone, ["plain", "rude"])}, rows.names)


def test_a_slice_that_moves_the_ranking_is_confirmed():
    result = conclude(sliced(12_000, 0.8, seed=1, prompts=4000))
    first = result.slices[0]
    assert (first["column"], first["value"], first["item"]) == ("topic", "math", "m3")
    assert first["confirmed"]
    assert first["low"] < first["effect"] < first["high"]
    assert first["low"] > 0
    assert first["effect"] == pytest.approx(0.8 * ELO, rel=0.35)
    assert first["rows"] == pytest.approx(3000, rel=0.1)
    assert first["q_value"] >= first["p_value"]
    assert set(result.pictures["slices"]) == {"column", "value", "item", "effect", "low", "high", "confirmed"}
    assert result.pictures["slices"]["item"][0] == "m3"


def test_a_weaker_item_has_a_negative_effect():
    first = conclude(sliced(12_000, -0.8, seed=2, prompts=4000)).slices[0]
    assert (first["value"], first["item"], first["confirmed"]) == ("math", "m3", True)
    assert first["high"] < 0


def test_all_slices_are_listed_by_size_where_nothing_moves():
    found = conclude(sliced(6000, 0.0, seed=3)).slices
    assert {(one["column"], one["value"]) for one in found} == {
        *(("topic", value) for value in TOPICS),
        ("tone", "plain"),
        ("tone", "rude"),
    }
    assert not any(one["confirmed"] for one in found)
    sizes = [abs(one["effect"]) for one in found]
    assert sizes == sorted(sizes, reverse=True)


def test_slices_are_seldom_confirmed_where_nothing_moves():
    """At most one in twenty datasets may confirm any; the two halves make it about as many."""
    wrong = sum(
        any(one["confirmed"] for one in conclude(sliced(1500, 0.0, seed=100 + seed, prompts=300)).slices)
        for seed in range(60)
    )
    assert wrong <= 6


def test_intervals_of_the_effects_cover():
    """The truth of an effect is its value on very many battles."""
    large = conclude(sliced(300_000, 0.5, seed=4))
    true = next(one["effect"] for one in large.slices if one["value"] == "math")
    covered, tried = 0, 0
    for seed in range(60):
        found = conclude(sliced(3000, 0.5, seed=500 + seed, prompts=1000)).slices
        one = next(one for one in found if one["value"] == "math")
        if one["item"] == "m3":
            tried += 1
            covered += one["low"] <= true <= one["high"]
    assert tried > 30
    assert covered / tried >= 0.88


@pytest.mark.parametrize(("few", "listed"), [(29, ["many"]), (45, ["few", "many"])])
def test_slices_of_few_prompts_are_left_out(few, listed):
    rows = sliced(6000, 0.0, seed=5, prompts=300)
    codes = np.where(np.arange(6000) % 300 < few, 0, 1).astype(np.int32)
    rows = Rows(rows.kind, rows.columns, {"rare": (codes, ["few", "many"])}, rows.names)
    assert sorted(one["value"] for one in conclude(rows).slices) == listed


def test_the_two_values_of_a_column_have_opposite_effects():
    rows = sliced(6000, 0.3, seed=7, prompts=2000)
    rows = Rows(rows.kind, rows.columns, {"tone": rows.slices["tone"]}, rows.names)
    one, two = conclude(rows).slices
    assert one["item"] == two["item"]
    assert one["effect"] == pytest.approx(-two["effect"], rel=1e-9)


def test_coarser_buckets_say_much_the_same(monkeypatch):
    rows = sliced(12_000, 0.8, seed=1, prompts=4000)
    fine = conclude(rows).slices[0]
    monkeypatch.setattr(columns, "SLICE_KEYS", 100)
    coarse = conclude(rows).slices[0]
    assert (coarse["value"], coarse["item"]) == (fine["value"], fine["item"])
    assert coarse["effect"] == pytest.approx(fine["effect"])
    assert coarse["high"] - coarse["low"] == pytest.approx(fine["high"] - fine["low"], rel=0.6)


def test_items_outside_of_the_ranking_do_not_disturb():
    rows = sliced(3000, 0.6, seed=6)
    extra = rows_of(["king"] * 40, ["m0"] * 40, [1.0] * 40, start=10_000)
    names = {}
    for side in ("item_a", "item_b"):
        codes, values = rows.names[side]
        more, others = extra.names[side]
        every = sorted({*values, *others})
        at = {name: place for place, name in enumerate(every)}
        old = np.array([at[values[code]] for code in codes], np.int32)
        names[side] = np.append(old, [at[others[code]] for code in more]).astype(np.int32), every
    columns_of = {name: np.append(column, extra.columns[name]) for name, column in rows.columns.items()}
    slices = {name: (np.append(codes, np.full(40, 2)).astype(np.int32), v) for name, (codes, v) in rows.slices.items()}
    slices["tone"] = slices["tone"][0] % 2, slices["tone"][1]
    joined = conclude(Rows("comparison", columns_of, slices, names))
    assert [one["item"] for one in joined.items][-1] == "king"
    assert "king" not in {one["item"] for one in joined.slices}
