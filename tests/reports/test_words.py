"""Numbers of things, as reports and the command line say them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.reports import words
from engine.reports.html import render
from engine.words import amount
from jobs.command.text import describe
from tests.analysis.worlds import conclude, pairs


@pytest.mark.parametrize(
    ("number", "approximate", "said"),
    [
        (0, False, "0 prompts"),
        (1, False, "1 prompt"),
        (2, False, "2 prompts"),
        (2500.0, False, "2,500 prompts"),
        (1_230_000, True, "about 1,230,000 prompts"),
    ],
)
def test_amounts(number, approximate, said):
    assert amount(number, "prompt", approximate=approximate) == said


def test_counts_of_a_dataset():
    one = {"rows": 1, "accepted": 1, "rejected": 0, "prompts": 1}
    assert words.counts(one) == ["1 row", "1 accepted", "0 rejected", "1 prompt"]
    assert words.counts({"rows": 20_000, "prompts": 9100, "prompts_approximate": True}) == [
        "20,000 rows",
        "about 9,100 prompts",
    ]
    assert words.counts({"rows": None}) == []


@pytest.mark.parametrize("size", [60, 9000])
def test_every_form_says_the_same_sentence_and_number_of_prompts(size):
    result = conclude(pairs(size))
    result = replace(result, dataset={**result.dataset, "accepted": size})
    prompts = "60 prompts" if size == 60 else f"about {result.dataset['prompts']:,} prompts"
    page, text = render(result).decode(), " ".join(describe(result).split())
    for told in (page, text):
        assert result.sentence in told
        assert f"{prompts} ·" in told
    assert prompts in result.sentence
    assert f"<dd>{prompts.removesuffix(' prompts')}</dd>" in page
