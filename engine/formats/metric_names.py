"""What trainers call their metrics, and what is meant: one name for one meaning, with unit and estimator.

KL to the reference and KL of a step are never one series, nor are sums over a sequence and means over its tokens.
Sources: the trainers of TRL, OpenRLHF, veRL, LLaMA-Factory and DeepSpeed-Chat; k1, k2, k3 as Schulman (2020) has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Named: TypeAlias = tuple[str, str]
"""Canonical name and unit ("" where it has none that matters)."""

UNKNOWN_KL = "unknown estimator"
UNKNOWN_ENTROPY = "unknown reduction"
SEQUENCE_K1, TOKEN_K1, TOKEN_K2, TOKEN_K3 = (
    "nats per sequence; k1",
    "nats per token; k1",
    "nats per token; k2",
    "nats per token; k3",
)
MEAN_UNKNOWN = "nats per token; unknown estimator"
SEQUENCE, TOKEN = "nats per sequence", "nats per token"


def _all(words: str, name: str, unit: str = "") -> dict[str, Named]:
    return dict.fromkeys(words.split(), (name, unit))


METRICS: Mapping[str, Named] = {
    **_all(
        "reward objective/scores critic/score/mean rewards/mean reward_mean reward_avg avg_reward average_reward "
        "average_reward_score reward_score rollout/reward_mean env/reward_mean ppo/mean_scores proxy_reward",
        "reward",
    ),
    **_all("gold gold_reward gold_score gold_mean gold_reward_mean reward_gold golden_reward true_reward", "gold"),
    **_all("oracle_reward ground_truth_reward gold_rm gold_rm_score gold_scores", "gold"),
    **_all("reward_std rewards/std", "reward_std"),
    **_all("group_reward_std", "reward_std", "within groups"),
    **_all("rollout/reward_std", "reward_std", "over the batch"),
    **_all("frac_reward_zero_std zero_std frac_zero_std reward_zero_std_frac", "zero_std"),
    **_all("rewards/chosen chosen_reward reward_chosen", "reward_chosen"),
    **_all("rewards/rejected reject_reward rejected_reward reward_rejected", "reward_rejected"),
    **_all("rewards/accuracies accuracy acc_mean rm_acc rewards/accuracy", "rm_acc"),
    **_all("rewards/margins margin rm_margin rewards/margin", "rm_margin"),
    **_all("objective/kl", "kl_ref", SEQUENCE_K1),
    **_all("actor/kl_loss actor/reward_kl_penalty", "kl_ref", MEAN_UNKNOWN),
    **_all("kl kl_ref kl_mean mean_kl kl_avg avg_kl kl_div kl_divergence ref_kl", "kl_ref", UNKNOWN_KL),
    **_all("policy/approxkl_avg ppo/policy/approxkl", "kl_step", TOKEN_K2),
    **_all("actor/ppo_kl ppo_kl", "kl_step", TOKEN_K1),
    **_all("kl_step approx_kl approxkl train_kl_step", "kl_step", UNKNOWN_KL),
    **_all("objective/entropy", "entropy_sum", SEQUENCE),
    **_all("policy/entropy_avg actor/entropy actor/entropy_loss ppo/policy/entropy", "entropy", TOKEN),
    **_all("entropy entropy_avg entropy_mean mean_entropy avg_entropy", "entropy", UNKNOWN_ENTROPY),
    **_all("entropy_sum", "entropy_sum", UNKNOWN_ENTROPY),
    **_all(
        "length completions/mean_length completion_length response_length response_length/mean response_length_mean "
        "rollout/response_length_mean avg_response_len mean_response_length sequence_length_mean "
        "tokens/responses_len_mean",
        "length",
    ),
    **_all(
        "truncated completions/clipped_ratio truncated_rate rollout/truncated_rate response_length/clip_ratio",
        "truncated",
    ),
    **_all("loss avg_loss", "loss"),
    **_all("loss/policy_avg policy_loss actor/pg_loss act_loss actor_loss loss/policy", "policy_loss"),
    **_all("loss/value_avg value_loss critic/vf_loss critic_loss cri_loss loss/value", "value_loss"),
    **_all("learning_rate lr actor_lr actor/lr", "learning_rate"),
    **_all("grad_norm actor_grad_norm actor/grad_norm", "grad_norm"),
}
"""Name in the file, without what says of which data it is (`train/`, `eval_`) -> canonical name and unit."""

_EVAL = ("eval/eval_", "eval_", "eval/", "validation_", "validation/", "val_", "valid_")
_TRAIN = ("train/",)
_COMPONENT = re.compile(r"rewards/(.+?)(/mean|/std)?")
_NO_COMPONENTS = frozenset({"chosen", "rejected", "margins", "margin", "accuracies", "accuracy", "probabilities"})
_VALIDATION = re.compile(r"val-(?:core|aux)/(.+)/([^/]+)/mean@\d+")

_GRPO = ("frac_reward_zero_std", "completions/mean_length", "completion_length", "clip_ratio/region_mean", "reward_std")
_PAIRED = ("logps/chosen", "rewards/chosen")
_JUDGED = ("chosen_reward", "reject_reward")


def split(name: str) -> tuple[str, str]:
    """("eval_", bare name) for what was measured on held-out data, else ("", bare name)."""
    for prefix in _EVAL:
        if name.startswith(prefix) and len(name) > len(prefix):
            return "eval_", name.removeprefix(prefix)
    for prefix in _TRAIN:
        if name.startswith(prefix) and len(name) > len(prefix):
            return "", name.removeprefix(prefix)
    return "", name


def meanings(names: Iterable[str], negative: Iterable[str] = ()) -> dict[str, Named]:
    """What the ambiguous names of a file mean, told by the other names in it.

    Args:
        names: every metric of the file.
        negative: those with a negative value: k3 has none, so that a token mean below 0 is k1 (TRL's RLOO).
    """
    bare = {split(name)[1] for name in names}
    found: dict[str, Named] = {}
    if any(name in bare for name in _GRPO) and not any(name.startswith("objective/") for name in bare):
        below = any(split(name)[1] == "kl" for name in negative)
        found["kl"] = ("kl_ref", TOKEN_K1 if below else TOKEN_K3)
        found["entropy"] = ("entropy", TOKEN)
    elif any(name in bare for name in _PAIRED):
        found["kl"] = ("kl_ref", "nats per sequence; k1 of mismatched pairs, 0 where negative")
        found["entropy"] = ("entropy", TOKEN)
    if any(name in bare for name in _JUDGED):
        found["acc"] = ("rm_acc", "")
    return found


def named(name: str, meant: Mapping[str, Named] | None = None) -> Named:
    """Canonical name and unit of a metric: `eval_` stays in front, an unknown name is kept.

    Args:
        name: as the file has it.
        meant: what `meanings` says of the file's ambiguous names.
    """
    if validation := _VALIDATION.fullmatch(name):
        of, what = validation.groups()
        return f"eval_{METRICS.get(what, (what, ''))[0]}.{of}", ""
    prefix, bare = split(name)
    simple = "_".join(bare.lower().split())
    found = (meant or {}).get(bare) or METRICS.get(bare) or METRICS.get(simple)
    if found is None:
        component = _COMPONENT.fullmatch(bare)
        if component and component.group(1) not in _NO_COMPONENTS:
            of = "reward_std" if component.group(2) == "/std" else "reward"
            found = (f"{of}.{component.group(1)}", "")
    canonical, unit = found or (bare, "")
    return f"{prefix}{canonical}", unit
