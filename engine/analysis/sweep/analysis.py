"""Trials beside each other: what it observes, and what it concludes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from engine.analysis.records import Records
from engine.analysis.surface.sentence import bounds as written
from engine.analysis.sweep.effects import BEND, METHOD, Effects, effects_of
from engine.analysis.sweep.parameters import SweepParameters
from engine.analysis.sweep.settings import REPEATS, Noise, Setting, bounds, noise_of, not_apart, settings_of
from engine.analysis.trials import Trials, TrialsAnalysis, trials_of
from engine.errors import NotEnoughData
from engine.types import Estimate, Evidence, Notice, Result
from engine.words import amount, significant

SHOWN = 500
"""Settings that are told one by one, the best of them."""


class Sweep(TrialsAnalysis[SweepParameters]):
    """Which setting of a sweep is best, which are not told apart from it, and what each parameter does."""

    name: ClassVar[str] = "sweep"
    version: ClassVar[str] = "1"
    leads: ClassVar[tuple[str, ...]] = ("sweep",)
    parameters = SweepParameters

    def answer(self, state: Records, params: SweepParameters) -> Result:
        """The result of a state; raises NotFound for a metric that is not there, NotEnoughData below two settings."""
        trials = trials_of(state, params.metric, params.better)
        settings = settings_of(trials, params.at)
        if len(settings) < 2:
            raise NotEnoughData(f"{amount(len(settings), 'setting')} with {trials.metric}: nothing to compare.")
        means = np.array([one.mean for one in settings])
        counts = np.array([len(one.values) for one in settings], float)
        effects = effects_of([one.config for one in settings], means, counts, trials.parameters, params.level)
        noise = noise_of(settings, effects)
        tied = not_apart(settings, noise, trials.lower, params.level) if noise else [True] * len(settings)
        return Result(
            analysis=self.name,
            verdict="not_told" if noise is None else "one_best" if sum(tied) == 1 else "tied",
            sentence=_sentence(trials, settings, tied, noise, params.level),
            estimates=_estimates(trials, settings, tied, noise, params.level),
            evidence=Evidence(self.name, self.version, params=asdict(params), rows=state.rows),
            dataset={
                "kind": "curve",
                "rows": len(state),
                "prompts": None,
                "metric": trials.metric,
                "metrics": list(trials.metrics),
                "parameters": list(trials.parameters),
            },
            warnings=_warnings(trials, settings, noise, effects, params),
            pictures={
                "trials": _trials(trials, settings, tied, noise, params.level),
                **({"effects": _effects(effects)} if effects else {}),
            },
        )


def _sentence(trials: Trials, settings: list[Setting], tied: list[bool], noise: Noise | None, level: float) -> str:
    best = settings[0]
    called = named(best)
    low, high = bounds(best, noise, level)
    value = Estimate(best.mean, low, high)
    first = f"{called} is best: {trials.metric} {significant(best.mean)}{written(value)}"
    others = sum(tied) - 1
    if noise is None:
        rest = f"without repetitions none of {amount(len(settings), 'setting')} can be told apart"
    elif others == 0:
        rest = f"surely ahead of the other {amount(len(settings) - 1, 'setting')}"
    else:
        rest = f"{others} of the other {len(settings) - 1} settings {'is' if others == 1 else 'are'} not told apart"
        rest += " from it"
    failed = f"; {amount(len(trials.failed), 'trial')} failed" if trials.failed else ""
    return f"{first}; {rest}{failed}."


def named(setting: Setting) -> str:
    """A setting by its parameters, by its run where it has none."""
    return ", ".join(f"{name} {significant(value)}" for name, value in setting.config.items()) or setting.runs[0]


def _estimates(
    trials: Trials, settings: list[Setting], tied: list[bool], noise: Noise | None, level: float
) -> dict[str, Estimate]:
    n = sum(len(one.values) for one in settings)
    best = settings[0]
    low, high = bounds(best, noise, level)
    method = "a single trial, without an interval" if noise is None else noise.method
    plain = {
        "settings": (float(len(settings)), "different parameters"),
        "trials": (float(n), "with a value"),
        "failed": (float(len(trials.failed)), "without any value"),
    }
    told = {
        "best_value": Estimate(best.mean, low, high, level, method, n),
        "lead": Estimate(abs(best.mean - settings[1].mean), level=level, method="over the second", n=n),
    }
    if noise is not None:
        told["not_apart"] = Estimate(float(sum(tied) - 1), level=level, method="comparisons with the best", n=n)
        told["noise"] = Estimate(noise.sigma, level=level, method=noise.method, n=n)
    return told | {name: Estimate(value, level=level, method=how, n=n) for name, (value, how) in plain.items()}


def _trials(
    trials: Trials, settings: list[Setting], tied: list[bool], noise: Noise | None, level: float
) -> dict[str, Any]:
    rows = []
    for setting, apart in zip(settings[:SHOWN], tied, strict=False):
        low, high = bounds(setting, noise, level)
        rows.append(
            {
                "name": named(setting),
                "config": dict(setting.config),
                "value": setting.mean,
                "low": low,
                "high": high,
                "n": len(setting.values),
                "runs": list(setting.runs),
                "step": max(setting.steps),
                "not_apart": apart,
            }
        )
    failed = [{"run": one.run, "config": dict(one.config)} for one in trials.trials if one.line is None]
    return {
        "metric": trials.metric,
        "lower": trials.lower,
        "parameters": list(trials.parameters),
        "told": noise is not None,
        "rows": rows,
        "failed": failed[:SHOWN],
    }


def _effects(effects: Effects) -> dict[str, Any]:
    return {"change": METHOD, "bend": BEND, "rows": [asdict(one) for one in effects.found]}


def _warnings(
    trials: Trials, settings: list[Setting], noise: Noise | None, effects: Effects | None, params: SweepParameters
) -> list[Notice]:
    notices = []
    if noise is None:
        told = "No setting was repeated, and there are too few of them for a model: nothing says what chance does."
        notices.append(Notice("no_repeats", told))
    elif noise.method != REPEATS:
        told = "Settings were not repeated: the noise is what an additive model leaves, which is rather too much."
        notices.append(Notice("no_repeats", told))
    if trials.failed:
        listed = ", ".join(trials.failed[:5]) + (", …" if len(trials.failed) > 5 else "")
        notices.append(Notice("failed_trials", f"Without any {trials.metric}: {listed}."))
    if effects is not None and effects.confounded:
        told = f"Not told from other parameters, with which they change: {', '.join(effects.confounded)}."
        notices.append(Notice("confounded", told))
    steps = {step for one in settings for step in one.steps}
    if len(steps) > 1 and params.at != "best":
        told = f"The values are of steps {min(steps):g} to {max(steps):g}: longer trials are held against shorter ones."
        notices.append(Notice("uneven_steps", told))
    if params.at == "best":
        notices.append(Notice("best_step", "Each trial counts at its best step, which flatters the noisy ones."))
    if len(settings) > SHOWN:
        notices.append(Notice("shortened", f"The best {SHOWN} of {len(settings):,} settings are listed."))
    if trials.sampled:
        notices.append(Notice("sampled", "There are more points than are kept: these are all points of random steps."))
    return notices
