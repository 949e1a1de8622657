"""Over-optimisation: what it reads, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from engine.analysis.lines import lines_of
from engine.analysis.overoptimisation import metrics, pictures
from engine.analysis.overoptimisation.found import PROXY_ONLY, Asked, Found, found_of, pooled_of
from engine.analysis.overoptimisation.parameters import OveroptimisationParameters
from engine.analysis.overoptimisation.rollouts import series_of_rollouts
from engine.analysis.overoptimisation.sentence import proxy_only, sentence
from engine.analysis.overoptimisation.series import Series, series_of_lines
from engine.analysis.overoptimisation.told import estimates, table, unknown, warnings
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound
from engine.types import Evidence, Kind, Result

MOST_RUNS = 24
"""Runs that are fitted one by one."""

GAP = "proxy less gold"


class Overoptimisation(TimedAnalysis[OveroptimisationParameters]):
    """Where the gold reward peaks over the KL to the reference, and what is left of that budget."""

    name: ClassVar[str] = "overoptimisation"
    version: ClassVar[str] = "1"
    together: ClassVar[bool] = True
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"curve": ("value",), "rollout": ("reward", "kl")}
    parameters = OveroptimisationParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "Over-optimisation"

    def answer(self, state: Records, params: OveroptimisationParameters) -> Result:
        """The result of a state; without a gold reward its verdict is `proxy_only`.

        Raises InputRefused for a KL that is not the one that is needed (`no_kl`, `kl_token_mean`, `kl_step`,
        `kl_unit_unknown`), NotEnoughData (`too_few_points`, `constant_kl`, `constant_reward`), NotFound for a metric or
        a run that is not there.
        """
        return _conclude(state, params)


@dataclass(frozen=True)
class Read:
    """The runs of a dataset by name, and which of their metrics are what."""

    kind: Kind
    series: Mapping[str, Series]
    metrics: tuple[str, ...]
    gold: str
    proxy: str
    kl: str
    evaluation: bool
    components: Mapping[str, str]


def _read(state: Records, params: OveroptimisationParameters) -> Read:
    if "metric" in state.names:
        lines = lines_of(state)
        sources = {line.metric: (line.source, line.unit) for line in reversed(lines.lines)}
        kl = metrics.known_kl(sources, params.kl, params.kl_unit)
        known, found = lines.metrics, series_of_lines(lines, kl)
    else:
        kl, found = "kl", series_of_rollouts(state, params.kl_unit)
        known = tuple(sorted({name for series in found for name in series.courses}))
    gold, evaluation = metrics.known_gold(known, params.gold)
    proxy = metrics.known_proxy(known, params.proxy, gold)
    parts = metrics.components(known, (gold, proxy))
    series = {one.run: one.with_difference(GAP, proxy, gold) for one in found}
    if not series:
        raise NotEnoughData("No point has a KL at a step.", code="no_kl")
    kind: Kind = "curve" if "metric" in state.names else "rollout"
    return Read(kind, series, tuple(known), gold, proxy, kl, evaluation, parts)


def _conclude(state: Records, params: OveroptimisationParameters) -> Result:
    read = _read(state, params)
    if params.run and params.run not in read.series:
        raise NotFound(f"There is no run {params.run!r}; known are {', '.join(list(read.series)[:20])}.")
    asked = Asked(params.forms, params.level, params.seed)
    if not read.gold:
        return _without_gold(state, read, params)
    found, refused = _fitted(read, asked)
    leading = _leading(read, found, refused, params.run, asked)
    series = read.series.get(leading.run) or _longest(read)
    gap = _or_none(series, GAP, asked)
    told = estimates(leading, gap, series, GAP, len(read.series))
    shown = list(read.series.values()) if leading.run not in read.series else [series]
    return Result(
        analysis=Overoptimisation.name,
        verdict=leading.code,
        sentence=sentence(leading, told, read.gold, len(read.series)),
        estimates=told,
        evidence=_evidence(state, params),
        dataset={**_about(state, read), "form": leading.fit.leading, "run": leading.run},
        warnings=warnings(state, read.series, leading, read.gold if read.evaluation else "", _unsaid(read, params)),
        pictures={
            "frontier": pictures.frontier(shown, read.gold, read.proxy, leading),
            "steps": pictures.over_steps(series, read.gold, read.proxy),
            "components": table({name: _or_none(series, each, asked) for name, each in read.components.items()}),
            "beside": pictures.beside(series, metrics.BESIDE),
            "runs": {**table(found), "refused": refused},
        },
    )


def _fitted(read: Read, asked: Asked) -> tuple[dict[str, Found | None], dict[str, str]]:
    """What each run says, and of those that say nothing why."""
    found: dict[str, Found | None] = {}
    refused: dict[str, str] = {}
    for run, series in list(read.series.items())[:MOST_RUNS]:
        try:
            found[run] = found_of(series, read.gold, asked)
        except NotEnoughData as error:
            refused[run] = error.message
    return found, refused


def _leading(
    read: Read, found: Mapping[str, Found | None], refused: Mapping[str, str], run: str, asked: Asked
) -> Found:
    """The run that was asked for, else all together, else the one of most points."""
    if run:
        return found.get(run) or found_of(read.series[run], read.gold, asked)
    together = pooled_of(read.series, read.gold, asked)
    if together is not None:
        return together
    known = [each for each in found.values() if each is not None]
    if not known:
        return found_of(read.series[next(iter(refused))], read.gold, asked)
    return max(known, key=lambda each: each.fit.points)


def _longest(read: Read) -> Series:
    return max(read.series.values(), key=lambda one: len(one.courses.get(read.gold, ())))


def _or_none(series: Series, metric: str, asked: Asked) -> Found | None:
    try:
        return found_of(series, metric, asked)
    except NotEnoughData:
        return None


def _unsaid(read: Read, params: OveroptimisationParameters) -> bool:
    """Whether nobody said that the KL of rollouts is the sum over an answer."""
    return read.kind == "rollout" and not params.kl_unit


def _without_gold(state: Records, read: Read, params: OveroptimisationParameters) -> Result:
    series = read.series[params.run] if params.run else max(read.series.values(), key=lambda one: len(one.kl))
    return Result(
        analysis=Overoptimisation.name,
        verdict=PROXY_ONLY,
        sentence=proxy_only(read.proxy, series.courses.get(read.proxy), series.kl_now),
        estimates=unknown(series, len(read.series), params.level),
        evidence=_evidence(state, params),
        dataset={**_about(state, read), "run": series.run},
        warnings=warnings(state, read.series, None, "", _unsaid(read, params)),
        pictures={
            "frontier": pictures.frontier([series], "", read.proxy, None),
            "steps": pictures.over_steps(series, "", read.proxy),
            "beside": pictures.beside(series, metrics.BESIDE),
        },
    )


def _evidence(state: Records, params: OveroptimisationParameters) -> Evidence:
    name, version = Overoptimisation.name, Overoptimisation.version
    return Evidence(name, version, params=asdict(params), seed=params.seed, rows=state.rows)


def _about(state: Records, read: Read) -> dict[str, Any]:
    return {
        "kind": read.kind,
        "rows": len(state),
        "prompts": len(state.starts) if read.kind == "rollout" else None,
        "prompts_approximate": state.sampled,
        "gold": read.gold,
        "proxy": read.proxy,
        "kl": read.kl,
        "metrics": list(read.metrics),
        "runs": list(read.series),
    }
