"""Discovered on one half, confirmed on the other: by hand, and beside SciPy's correction for many tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.analysis.discovery import DISCOVERY, Effect, Finding, as_told, confirm


def effects(*values: float, error: float = 1.0) -> list[Effect]:
    return [Effect(value, error, 21) for value in values]


def test_confirmation_by_hand():
    found = [*effects(3.0, -3.0, 0.5, 2.5), *effects(3.0, error=0.0)]
    tested = [*effects(4.0, 2.0, 9.0, 2.5), *effects(3.0, error=0.0)]
    findings = confirm(found, tested, 0.05)
    p = [stats.t.sf(4.0, 20), stats.t.sf(-2.0, 20), stats.t.sf(2.5, 20)]
    assert [findings[place].p_value for place in (0, 1, 3)] == pytest.approx(p)
    assert [findings[place].q_value for place in (0, 1, 3)] == pytest.approx(stats.false_discovery_control(p))
    assert [one.confirmed for one in findings] == [True, False, False, True, False]
    assert findings[0].level == pytest.approx(1 - 0.05 * 2 / 3)
    assert [findings[place] for place in (2, 4)] == [Finding(0.95)] * 2
    shown = as_told(tested[0], findings[0])
    reach = stats.t.ppf(0.5 + findings[0].level / 2, 20)
    assert (shown["effect"], shown["low"], shown["high"]) == pytest.approx((4, 4 - reach, 4 + reach))
    assert shown["confirmed"] is True


def test_none_confirmed_and_none_at_all():
    (finding,) = confirm(effects(3.0), effects(0.1), 0.1)
    assert not finding.confirmed
    assert finding.level == pytest.approx(0.9)
    assert confirm([], [], 0.1) == []
    assert confirm(effects(0.1), effects(9.0), 0.1) == [Finding(0.9)]


def test_candidates_may_be_chosen_otherwise():
    findings = confirm(effects(0.1, 9.0), effects(9.0, 9.0), 0.05, candidates=[0])
    assert [one.confirmed for one in findings] == [True, False]
    assert findings[0].level == pytest.approx(0.95)
    assert not any(one.confirmed for one in confirm(effects(9.0), effects(9.0), 0.05, candidates=[]))


def test_p_values_beside_scipy():
    effect = Effect(-1.7, 0.6, 9)
    assert effect.p_value == pytest.approx(2 * stats.t.sf(1.7 / 0.6, 8))
    assert effect.p_value_towards(-3.0) == pytest.approx(stats.t.sf(1.7 / 0.6, 8))
    assert effect.p_value_towards(0.01) == pytest.approx(stats.t.cdf(1.7 / 0.6, 8))
    assert Effect(1.0, 0.0, 9).p_value == Effect(1.0, 0.0, 9).p_value_towards(1.0) == 1.0


def test_of_slices_that_differ_in_nothing_few_are_confirmed():
    """All 40 slices of a data set equal the rest: some slice is confirmed in at most the share asked for, about."""
    draw = np.random.default_rng(8)
    false = 0
    for _ in range(400):
        halves = draw.standard_t(20, (2, 40))
        false += any(one.confirmed for one in confirm(effects(*halves[0]), effects(*halves[1]), 0.1))
    assert DISCOVERY == 0.1
    assert 0.04 < false / 400 < 0.14


def test_the_level_of_intervals_by_how_many_are_confirmed():
    """Of four tested with p of .02, .2, .3 and .4 none is confirmed at .05; two of .01, .02, .3 and .4 are at .1."""

    def tested(*p_values: float) -> list[Effect]:
        return effects(*(float(stats.t.isf(p, 20)) for p in p_values))

    found = effects(3.0, 3.0, 3.0, 3.0)
    alone = confirm(found, tested(0.02, 0.2, 0.3, 0.4), 0.05)
    assert [one.confirmed for one in alone] == [False] * 4
    assert [one.q_value for one in alone] == pytest.approx([0.08, 0.4, 0.4, 0.4])
    assert {round(one.level, 12) for one in alone} == {round(1 - 0.05 / 4, 12)}
    two = confirm(found, tested(0.01, 0.02, 0.3, 0.4), 0.1)
    assert [one.confirmed for one in two] == [True, True, False, False]
    assert {round(one.level, 12) for one in two} == {round(1 - 0.1 * 2 / 4, 12)}
    shown = as_told(tested(0.02, 0.2, 0.3, 0.4)[0], alone[0])
    assert (shown["p_value"], shown["q_value"], shown["confirmed"]) == (pytest.approx(0.02), pytest.approx(0.08), False)


def test_the_ends_of_what_is_discovered_and_confirmed():
    edge = float(stats.t.isf(DISCOVERY / 2, 20))
    inside, outside = effects(edge * (1 + 1e-9)), effects(edge * (1 - 1e-9))
    assert confirm(inside, effects(9.0), 0.05)[0].confirmed
    assert not confirm(outside, effects(9.0), 0.05)[0].confirmed
    assert not Finding(0.9).confirmed
    assert (Finding(0.9).p_value, Finding(0.9).q_value) == (1, 1)
    nothing = Effect(0.0, 0.0, 9)
    assert confirm([nothing], [nothing], 0.05) == [Finding(0.95)]
    assert confirm(effects(3.0), [nothing], 0.05) == [Finding(0.95, 1.0, 1.0, False)]
    (alpha, _) = (one.p_value_towards(1.0) for one in effects(2.0, 2.0))
    both = confirm(effects(3.0, 3.0), effects(2.0, 2.0), alpha)
    assert [one.confirmed for one in both] == [True, True]
    assert [one.level for one in both] == pytest.approx([1 - alpha] * 2)
