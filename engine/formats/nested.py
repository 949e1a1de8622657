"""Several answers to one prompt in one row: UltraFeedback, ranked answers (Nectar), best-of-n lists, judged steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats.batches import Batch, Refused, SpreadBatch
from engine.formats.names import CHOSEN, SHARED
from engine.formats.plan import CORE, Draft, Plan, Sample, fill_shared, shared_columns
from engine.formats.scores import scale_of
from engine.formats.values import FINE, Codes, Floats, Values, number, objects, text_of
from engine.words import amount

ULTRAFEEDBACK, RANKED, BEST_OF_N, STEPS = "ultrafeedback", "ranked_answers", "best_of_n", "judged_steps"
NAMES = (ULTRAFEEDBACK, RANKED, BEST_OF_N, STEPS)

ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")
_SCORES = ("scores", "rewards", "reward_scores", "rm_scores", "all_rm_scores", "reward_list", "score_list")
_ANSWERS = (
    "responses", "completions", "outputs", "answers", "generations", "candidates", "samples", "all_generated_responses",
)  # fmt: skip
_TRUTHS = ("correct", "is_correct", "labels", "truths", "truth", "golds", "gold_scores", "passed")
_SHARED = ("prompt", "prompt_text", "judge", "annotator", "step", "time")
MOST_ANSWERS = 1000

_NO_TRUTH = "nothing to calibrate: scores, but no truth to hold them against"


def recognise(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """By lists of answers, scores or labels in each row. `value=completions.helpfulness` chooses another rating."""
    wanted = {role: name for role, name in mapping.items() if role in CORE}
    if set(wanted) - {"value"} or not wanted.get("value", "completions.").startswith("completions."):
        return None
    plan = _ultrafeedback(sample, wanted.get("value", "completions.overall_score").removeprefix("completions."))
    return plan or (None if wanted else _ranked(sample) or _steps(sample) or _best_of_n(sample))


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row an answer, or one a pair of ranked answers."""
    match plan.format:
        case "ultrafeedback":
            return _convert_ultrafeedback(batch, plan)
        case "ranked_answers":
            return _convert_ranked(batch, plan)
        case _:
            return _convert_lists(batch, plan)


def _spread(batch: Batch, held: list[list[Any]], field: str) -> tuple[Draft, SpreadBatch]:
    """A draft of a row for each entry of each list; rows whose list is empty, absent or too long are refused."""
    counts = np.array([len(each) if len(each) <= MOST_ANSWERS else 0 for each in held], np.int64)
    spread = SpreadBatch(batch, np.repeat(np.arange(len(batch)), counts))
    refused = [Refused(int(batch.lines[place]), "wrong_shape", field) for place in np.flatnonzero(counts == 0)]
    return Draft(spread.lines, batch=spread, several=True, refused=refused), spread


def _lists(values: Values) -> list[list[Any]]:
    return [each if isinstance(each, list) else [] for each in objects(values)]


def _flat(held: list[list[Any]]) -> list[Any]:
    return [each for row in held if len(row) <= MOST_ANSWERS for each in row]


def _dicts(held: list[list[Any]]) -> list[Mapping[str, Any]]:
    return [each if isinstance(each, dict) else {} for each in _flat(held)]


def _words(values: Iterable[Any]) -> pa.Array:
    return pa.array([text_of(value) for value in values], pa.string())


def _numbers(values: Iterable[Any]) -> tuple[Floats, Codes]:
    pairs = [number(value, flags=True) for value in values]
    return np.array([value for value, _ in pairs], np.float64), np.array([code for _, code in pairs], np.uint8)


# ------------------------------------------------------------------ UltraFeedback


def _ultrafeedback(sample: Sample, rating: str) -> Plan | None:
    first = next((each for row in sample.rows for each in _lists([row.get("completions")])[0]), None)
    if not isinstance(first, dict) or not {"model", "response", "annotations"} <= set(first):
        return None
    plan = Plan(ULTRAFEEDBACK, "score", {"value": "completions", "prompt_text": "instruction"})
    if "instruction" not in sample.names:
        del plan.columns["prompt_text"]
    plan.options["rating"] = rating
    plan.scale = 10.0 if rating == "overall_score" else 5.0
    plan.warn("nothing_to_calibrate", _NO_TRUTH)
    return plan


def _convert_ultrafeedback(batch: Batch, plan: Plan) -> Draft:
    """One row a completion, its model as the item."""
    held = _lists(batch.column("completions"))
    draft, spread = _spread(batch, held, "completions")
    completions, rating = _dicts(held), plan.options["rating"]
    draft.columns["value"], codes = _numbers(_rating(each, rating) for each in completions)
    draft.reject_codes(codes, f"completions.{rating}", "score_missing")
    draft.columns["item"] = _words(each.get("model") for each in completions)
    draft.columns["text"] = _words(each.get("response") for each in completions)
    fill_shared(draft, spread, plan)
    if rating == "overall_score":
        _doubt(draft.columns["value"], completions, plan)
    return draft


def _rating(completion: Mapping[str, Any], name: str) -> Any:
    """A rating of a completion: one of its own, or one of the annotated aspects (texts, "N/A" where there is none)."""
    if name not in ASPECTS:
        return completion.get(name)
    annotations = completion.get("annotations")
    held = annotations.get(name) if isinstance(annotations, dict) else None
    return held.get("Rating") if isinstance(held, dict) else None


def _doubt(values: Floats, completions: list[Mapping[str, Any]], plan: Plan) -> None:
    """Count full marks beside low aspects: early releases wrote 10 where the critique meant 1."""
    doubtful = 0
    for place in np.flatnonzero(values >= 10):
        aspects = _numbers(_rating(completions[place], name) for name in ASPECTS)[0]
        known = aspects[np.isfinite(aspects)]
        doubtful += bool(len(known)) and float(known.mean()) <= 2
    if total := plan.count("doubtful", int(doubtful)):
        plan.note(
            "overall_score_doubtful",
            f"{amount(total, 'completion')} with an overall score of 10 beside aspects of 2 and less: a known error of "
            "early releases; value=completions.fine_grained_score takes the other score",
        )


# ------------------------------------------------------------------ ranked answers


def _ranked(sample: Sample) -> Plan | None:
    first = next((each for row in sample.rows for each in _lists([row.get("answers")])[0]), None)
    if not isinstance(first, dict) or not {"answer", "rank"} <= set(first):
        return None
    plan = Plan(RANKED, "comparison", {"ranks": "answers"})
    plan.columns |= shared_columns(sample, ("prompt", "prompt_text"), frozenset({"answers"}))
    plan.warn("nothing_to_calibrate", "nothing to calibrate: ranks, but no scores and no margin")
    return plan


def _convert_ranked(batch: Batch, plan: Plan) -> Draft:
    """All pairs of a prompt's answers, the better one first; equal ranks are ties."""
    pairs: list[tuple[Mapping[str, Any], Mapping[str, Any], float]] = []
    owners: list[int] = []
    refused = []
    for place, answers in enumerate(_lists(batch.column("answers"))):
        found = _pairs(answers)
        if not found:
            refused.append(Refused(int(batch.lines[place]), "no_pair", "answers"))
        pairs += found
        owners += [place] * len(found)
    spread = SpreadBatch(batch, np.array(owners, np.int64))
    draft = Draft(spread.lines, batch=spread, several=True, refused=refused)
    draft.columns["label"] = np.array([label for _, _, label in pairs], np.float64)
    for role, side in (("a", [better for better, _, _ in pairs]), ("b", [worse for _, worse, _ in pairs])):
        draft.columns[f"item_{role}"] = _words(each.get("model") for each in side)
        draft.columns[f"text_{role}"] = _words(each.get("answer") for each in side)
    fill_shared(draft, spread, plan)
    return draft


def _pairs(answers: list[Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any], float]]:
    """Every two answers that have a rank; ranks count from 1, the best."""
    known = [(number(each.get("rank")), each) for each in answers[:100] if isinstance(each, dict)]
    ranked = sorted(((rank, place) for place, ((rank, code), _) in enumerate(known) if code == FINE))
    return [
        (known[better][1], known[worse][1], 0.5 if high == low else 1.0)
        for at, (high, better) in enumerate(ranked)
        for low, worse in ranked[at + 1 :]
    ]


# ------------------------------------------------------------------ lists side by side


def _steps(sample: Sample) -> Plan | None:
    """TRL's stepwise supervision: the steps of an answer, each right or wrong."""
    if not sample.has("completions", "labels") or sample.share("completions", list) < 0.5:
        return None
    if sample.share("labels", list) < 0.5:
        return None
    plan = Plan(STEPS, "score", {"text": "completions", "truth": "labels"})
    plan.columns |= shared_columns(sample, _SHARED, frozenset(plan.columns.values()))
    plan.warn("nothing_to_calibrate", "nothing to calibrate: steps with labels, but no scores")
    return plan


def _best_of_n(sample: Sample) -> Plan | None:
    """A list of scores for the answers to one prompt."""
    name = next((each for each in _SCORES if each in sample.names and _holds_numbers(sample, each)), None)
    asked = sample.find((*SHARED["prompt"], *SHARED["prompt_text"]))
    if name is None or (asked is None and sample.find(_ANSWERS) is None):
        return None
    if name != "all_rm_scores" and sample.find(CHOSEN) is not None:
        return None
    plan = Plan(BEST_OF_N, "score", {"value": name})
    for role, wanted in (("text", _ANSWERS), ("truth", _TRUTHS)):
        found = sample.find(wanted, frozenset(plan.columns.values()))
        if found and sample.share(found, list) >= 0.5 and (role == "text" or _are_truths(sample, found)):
            plan.columns[role] = found
    plan.columns |= shared_columns(sample, _SHARED, frozenset(plan.columns.values()))
    if "truth" not in plan.columns:
        plan.warn("nothing_to_calibrate", _NO_TRUTH)
    scale_of(plan, _numbers(_flat(_lists(sample.batch.column(name))))[0])
    return plan


def _holds_numbers(sample: Sample, name: str) -> bool:
    values = _flat(_lists([row.get(name) for row in sample.rows]))
    return sample.share(name, list) >= 0.5 and bool(values) and float((_numbers(values)[1] == FINE).mean()) > 0.5


def _are_truths(sample: Sample, name: str) -> bool:
    found = _numbers(_flat(_lists([row.get(name) for row in sample.rows])))[0]
    known = found[np.isfinite(found)]
    return bool(len(known)) and bool(((known >= 0) & (known <= 1)).all())


def _convert_lists(batch: Batch, plan: Plan) -> Draft:
    """One row an entry; lists beside the first that have another length leave theirs empty, truths cost the rows."""
    leading = "value" if "value" in plan.columns else "truth"
    held = _lists(batch.column(plan.columns[leading]))
    draft, spread = _spread(batch, held, plan.columns[leading])
    draft.columns["item"] = _words(
        f"answer {place + 1}" for each in held if len(each) <= MOST_ANSWERS for place in range(len(each))
    )
    if "value" in plan.columns:
        draft.columns["value"], codes = _numbers(_flat(held))
        draft.reject_codes(codes, plan.columns["value"], "score_missing")
    if "truth" in plan.columns:
        name = plan.columns["truth"]
        draft.columns["truth"], codes = _numbers(_beside(batch, name, held))
        draft.reject_codes(codes, name, "truth_missing")
        draft.reject((draft.columns["truth"] < 0) | (draft.columns["truth"] > 1), name, "truth_out_of_range")
    if "text" in plan.columns:
        draft.columns["text"] = _words(_beside(batch, plan.columns["text"], held))
    fill_shared(draft, spread, plan)
    return draft


def _beside(batch: Batch, name: str, held: list[list[Any]]) -> list[Any]:
    others = _lists(batch.column(name))
    fitting = [
        other if len(other) == len(each) else [None] * len(each) for other, each in zip(others, held, strict=True)
    ]
    return _flat(fitting)
