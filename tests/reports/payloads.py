"""A result in which every text is one that would run, load or break something if it were taken for markup."""

from dataclasses import replace

from engine.types import Evidence, Notice, Result
from tests.reports.sample import sample

_PAIR_TEXTS = ("prompt", "prompt_text", "text_a", "text_b", "item_a", "item_b")
_ITEM_TEXTS = ("item", "text", "prompt_text", "prompt")


def hostile(*texts: str) -> Result:
    """A result in which every text that data can reach is one of `texts`."""
    plain = sample()
    first = texts[0]
    return replace(
        plain,
        sentence=first,
        dataset={**plain.dataset, "name": first, "format": first},
        slices=[{**plain.slices[0], "column": text, "value": text, "verdict": text} for text in texts],
        pairs=[{**plain.pairs[0], **dict.fromkeys(_PAIR_TEXTS, text), "slices": {text: text}} for text in texts],
        items=[{**dict.fromkeys(_ITEM_TEXTS, text), "row_hash": 1, "value": 0.5, "truth": 0.0} for text in texts],
        warnings=[Notice(text, text) for text in texts],
        recalibrators=[{"kind": text, "parameters": {text: 1.0}, text: text} for text in texts],
        estimates={**plain.estimates, **{text: replace(plain.estimates["accuracy"], method=text) for text in texts}},
        evidence=Evidence(first, first, first, None, first, {text: text for text in texts}, command=first),
        pictures={**plain.pictures, first: {first: [first]}},
    )
