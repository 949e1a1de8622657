"""Style control: the truth is found again, on whole data and on a sample, and what cannot be done is refused."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.ranking import sample
from engine.errors import NotEnoughData
from engine.types import Rows
from tests.analysis.battles import ANALYSIS, DEFAULTS, battles, conclude, strengths_of

ELO = 400 / np.log(10)
TRUE = (0.8, 0.3, 0.0, -0.3, -0.8)


def error(result) -> float:
    """The largest distance from the true strengths, in Elo."""
    expected = {f"model {place}": 1000 + ELO * strength for place, strength in enumerate(TRUE)}
    found = strengths_of(result)
    return max(abs(found[name] - expected[name]) for name in expected)


def styled(rows: Rows, **styles: tuple[np.ndarray, np.ndarray]) -> Rows:
    return Rows(rows.kind, rows.columns, rows.slices, rows.names, {**rows.styles, **styles})


def test_controls_find_the_strength_behind_the_length():
    rows = battles(20_000, TRUE, length=1.0, seed=1)
    plain, held = conclude(rows), conclude(rows, controls="length")
    assert error(plain) > 18
    assert error(held) < 12
    coefficient = held.estimates["coefficient_length"]
    assert coefficient.low < 1.0 < coefficient.high
    assert coefficient.high - coefficient.low < 0.12
    assert coefficient.n == 20_000
    assert "length held equal" in held.sentence
    assert not held.warnings


def test_the_plain_ranking_stands_next_to_the_controlled_one():
    rows = battles(3000, TRUE, length=0.8, seed=2)
    plain, held = conclude(rows), conclude(rows, controls="length")
    values = strengths_of(plain)
    ranks = {one["item"]: one["rank"] for one in plain.items}
    for one in held.items:
        assert one["plain_value"] == pytest.approx(values[one["item"]])
        assert one["plain_rank"] == ranks[one["item"]]
    drawn = held.pictures["controlled"]
    assert drawn["item"] == [one["item"] for one in held.items]
    assert drawn["controlled"] == [one["value"] for one in held.items]
    assert drawn["plain"] == [values[name] for name in drawn["item"]]
    assert drawn["plain_rank"] == [ranks[name] for name in drawn["item"]]
    assert "controlled" not in plain.pictures
    assert "plain_value" not in plain.items[0]


def test_a_long_winded_model_loses_the_lead_that_it_did_not_earn():
    generator = np.random.default_rng(3)
    rows = battles(8000, (0.15, 0.0), seed=3)
    first = rows.names["item_a"][0] == 1
    sides = [np.exp(5 + 0.8 * is_second + generator.normal(0, 0.4, 8000)) for is_second in (first, ~first)]
    difference = (sides[0] - sides[1]) / (sides[0] + sides[1])
    chance = 1 / (1 + np.exp(-(np.where(first, -0.15, 0.15) + 1.2 * difference)))
    label = (generator.random(8000) < chance).astype(float)
    rows = Rows(rows.kind, {**rows.columns, "label": label}, {}, rows.names, {"length": tuple(sides)})
    assert conclude(rows).items[0]["item"] == "model 1"
    held = conclude(rows, controls="length")
    assert held.items[0]["item"] == "model 0"
    assert held.items[0]["plain_rank"] == 2


def test_style_takes_every_feature_and_length_only_its_own():
    rows = battles(4000, TRUE, length=0.5, seed=4)
    generator = np.random.default_rng(4)
    bold = generator.poisson(3, 4000).astype(float), generator.poisson(3, 4000).astype(float)
    rows = styled(rows, bold=bold, emoji=(np.zeros(4000), np.zeros(4000)))
    held = conclude(rows, controls="style")
    names = {name for name in held.estimates if name.startswith("coefficient_")}
    assert names == {"coefficient_bold", "coefficient_length"}
    assert "bold and length held equal" in held.sentence
    nothing = held.estimates["coefficient_bold"]
    assert nothing.low < 0 < nothing.high
    only = conclude(rows, controls="length")
    assert {name for name in only.estimates if name.startswith("coefficient_")} == {"coefficient_length"}


def test_a_sample_of_the_rows_gives_the_same_ranking_but_for_a_little_noise(monkeypatch):
    rows = battles(12_000, TRUE, prompts=3000, length=0.8, seed=5)
    whole = conclude(rows, controls="length")
    monkeypatch.setattr(sample, "ROWS_KEPT", 3000)
    part = conclude(rows, controls="length")
    assert [notice.code for notice in part.warnings] == ["style_sampled"]
    assert part.estimates["coefficient_length"].n <= 3000
    alone = ANALYSIS.observe(rows, DEFAULTS).sample
    assert len(alone) <= 3000
    wide = {one["item"]: one["high"] - one["low"] for one in whole.items}
    for one in part.items:
        assert one["value"] == pytest.approx(strengths_of(whole)[one["item"]], abs=12)
        assert wide[one["item"]] < one["high"] - one["low"] < 1.5 * wide[one["item"]]
    assert error(part) < 25


def test_intervals_from_a_sample_cover(monkeypatch):
    """Strengths that are half known from all rows, half from a quarter of them, still come with honest intervals."""
    monkeypatch.setattr(sample, "ROWS_KEPT", 400)
    expected = {f"model {place}": 1000 + ELO * strength for place, strength in enumerate(TRUE)}
    inside = [
        one["low"] <= expected[one["item"]] <= one["high"]
        for seed in range(80)
        for one in conclude(battles(1600, TRUE, length=0.6, seed=1000 + seed), controls="length").items
    ]
    assert 0.91 <= np.mean(inside) <= 0.99


def test_rows_of_unknown_style_still_count_for_the_rest():
    rows = battles(2000, TRUE, length=0.5, seed=6)
    longer = rows.styles["length"][0].copy()
    longer[::4] = np.nan
    held = conclude(styled(rows, length=(longer, rows.styles["length"][1])), controls="length")
    assert held.estimates["coefficient_length"].n == 1500
    assert [notice.code for notice in held.warnings] == ["style_unknown"]
    assert sum(one["n"] for one in held.items) == 4000


def test_nothing_to_hold_equal():
    rows = battles(300)
    for controls in ("length", "style"):
        with pytest.raises(NotEnoughData) as caught:
            conclude(rows, controls=controls)
        assert caught.value.code == "no_style"
    same = styled(rows, length=(np.full(300, 7.0), np.full(300, 7.0)))
    with pytest.raises(NotEnoughData, match="by their length"):
        conclude(same, controls="length")
    unknown = styled(rows, length=(np.full(300, np.nan), np.full(300, 7.0)))
    with pytest.raises(NotEnoughData, match="by their style"):
        conclude(unknown, controls="style")


def test_features_that_cannot_be_told_apart_or_decide_alone():
    rows = battles(400, length=0.5, seed=7)
    with pytest.raises(NotEnoughData) as caught:
        conclude(styled(rows, twice=rows.styles["length"]), controls="style")
    assert caught.value.code == "controls_undetermined"
    label = rows.columns["label"]
    decisive = styled(rows, headers=(label, 1 - label))
    with pytest.raises(NotEnoughData) as caught:
        conclude(decisive, controls="style")
    assert caught.value.code == "controls_undetermined"


def test_an_item_without_any_row_of_known_style():
    rows = battles(400, length=0.5, seed=8)
    touched = (rows.names["item_a"][0] == 2) | (rows.names["item_b"][0] == 2)
    longer = np.where(touched, np.nan, rows.styles["length"][0])
    with pytest.raises(NotEnoughData) as caught:
        conclude(styled(rows, length=(longer, rows.styles["length"][1])), controls="length")
    assert caught.value.code == "controls_undetermined"


@pytest.mark.parametrize("strange", [np.inf, -np.inf, -5.0, 0.0])
def test_strange_lengths(strange):
    rows = battles(500, length=0.5, seed=9)
    longer = rows.styles["length"][0].copy()
    longer[:20] = strange
    held = conclude(styled(rows, length=(longer, rows.styles["length"][1])), controls="length")
    assert held.estimates["coefficient_length"].n == (480 if np.isinf(strange) else 500)
