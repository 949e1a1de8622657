"""Which metric is the gold reward, which the proxy, which the KL, and in what unit that is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from engine.errors import InputRefused, NotFound

GOLD = ("gold", "gold_reward", "gold_score", "reward_gold", "true_reward")
EVAL = ("eval_reward", "eval_gold")
PROXY = ("reward", "proxy", "proxy_reward", "train_reward", "eval_reward")
BESIDE = ("length", "entropy", "entropy_sum")
KL = ("kl_ref", "kl", "eval_kl_ref")

SEQUENCE, TOKEN, STEP, UNKNOWN = "sequence", "token_mean", "step", "unknown"

_KL = re.compile(r"(^|[^a-z])(approx)?kl|kl([^a-z]|$)", re.IGNORECASE)
_NOT_KL = re.compile(r"coef|penalty|target|beta|ctl|clip", re.IGNORECASE)
_STEP = re.compile(r"approx_?kl|ppo_kl|vllm_kl|kl_step|old_kl", re.IGNORECASE)
_TOKEN = re.compile(r"kl_loss|token|kl_mean", re.IGNORECASE)
_SEQUENCE = re.compile(r"objective/kl|seq|kl_sum|sum_kl", re.IGNORECASE)
_COMPONENT = re.compile(r"reward\.(?P<plain>.+)|rewards/(?P<trl>.+?)(/mean)?")
_NOT_COMPONENT = re.compile(r"(chosen|rejected|margins?|accurac(y|ies)|std|mean|probabilities)$")

_SAY = "'KL is' on the page, kl_unit=sequence elsewhere."
_WHY = {
    TOKEN: "{name} is a mean over tokens. The forms of Gao et al. need the sum over the tokens of an answer: a mean "
    "shrinks as answers grow longer. Log the sum (as TRL's objective/kl), or say that this is the sum: " + _SAY,
    STEP: "{name} is the KL of one update, between the old and the new policy. It says nothing of how far the policy "
    "is from the reference: log the KL to the reference, summed over the tokens of an answer.",
    UNKNOWN: "The log does not say whether {name} is summed over the tokens of an answer or averaged over them (TRL "
    "sums it in PPO and averages it in GRPO). Where it is the sum, in nats, say so: " + _SAY,
}


def known_gold(known: Iterable[str], asked: str) -> tuple[str, bool]:
    """The gold reward and whether it is one of evaluation only; empty where there is none. Raises NotFound."""
    names = list(known)
    if asked:
        return _asked(names, asked), False
    named = [name for name in names if "gold" in name.lower() and not name.startswith("reward.")]
    found = next((name for name in (*GOLD, *named) if name in names), "")
    if found:
        return found, False
    found = next((name for name in EVAL if name in names), "")
    return found, bool(found)


def known_proxy(known: Iterable[str], asked: str, gold: str) -> str:
    """The proxy reward, empty where there is none. Raises NotFound."""
    names = [name for name in known if name != gold]
    if asked:
        return _asked(names, asked)
    named = [name for name in names if "proxy" in name.lower()]
    return next((name for name in (*PROXY, *named) if name in names), "")


def components(known: Iterable[str], but: Sequence[str]) -> dict[str, str]:
    """The metrics that are components of the reward, by what each is called."""
    found = {}
    for name in known:
        match = _COMPONENT.fullmatch(name)
        if match and name not in but and not _NOT_COMPONENT.search(name.removesuffix("/mean")):
            found[match["plain"] or match["trl"]] = name
    return found


def known_kl(sources: Mapping[str, tuple[str, str]], asked: str, declared: str) -> str:
    """The KL to the reference, summed over answers; `sources` are the source's name and the unit of each metric.

    Raises NotFound for a metric that is not there, InputRefused without a KL of that kind: `no_kl`, `kl_token_mean`,
    `kl_step`, `kl_unit_unknown`.
    """
    names = [name for name in sources if _KL.search(name) and not _NOT_KL.search(name)]
    names.sort(key=lambda name: (KL.index(name) if name in KL else len(KL), name))
    if asked:
        names = [_asked(list(sources), asked)]
    if not names:
        told = "No metric is a KL to the reference: log it beside the rewards, summed over the tokens of an answer."
        raise InputRefused(told, code="no_kl")
    if declared == SEQUENCE:
        return names[0]
    units = {name: declared or unit_of(*sources[name], name) for name in names}
    found = next((name for name in names if units[name] == SEQUENCE), "")
    if not found:
        refuse(units[names[0]], sources[names[0]][0] or names[0])
    return found


def refuse(unit: str, name: str) -> None:
    """Raise InputRefused: a KL of this unit is not the one that is needed."""
    code = "kl_unit_unknown" if unit == UNKNOWN else f"kl_{unit}"
    raise InputRefused(_WHY[unit].format(name=name), code=code, field=name)


def unit_of(source: str, unit: str, metric: str) -> str:
    """What a KL is, by its unit where that is told, else by what its source calls it."""
    if unit:
        for pattern, found in ((_TOKEN, TOKEN), (_STEP, STEP), (_SEQUENCE, SEQUENCE)):
            if pattern.search(unit) or unit.lower() == found:
                return found
        if re.search(r"\bstep\b", unit, re.IGNORECASE):
            return STEP
        if re.search(r"\bsum\b|answer|completion|response", unit, re.IGNORECASE):
            return SEQUENCE
    for pattern, found in ((_STEP, STEP), (_SEQUENCE, SEQUENCE), (_TOKEN, TOKEN)):
        if pattern.search(source or metric):
            return found
    return UNKNOWN


def _asked(names: Sequence[str], asked: str) -> str:
    if asked not in names:
        raise NotFound(f"There is no metric {asked!r}; known are {', '.join(names[:20])}.")
    return asked
