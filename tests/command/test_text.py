"""The human output, word for word, and its table."""

from dataclasses import replace

from jobs.command.text import describe, printable, table
from tests.reports.sample import sample

GOLDEN = """\
Over-confident: calibration error .11 [.09, .13] on 1,240 pairs of 310 prompts.

1,250 rows · 1,240 accepted · 10 rejected · pairs · comparison
  rejected: 10 score_missing

estimate            value      95% interval  null 95%  method
accuracy           0.6200  [0.5700, 0.6700]         –  jackknife over buckets
calibration_error  0.1100  [0.0900, 0.1300]         –  jackknife over buckets
ece_width_15       0.1200                 –    0.0700  binned
position_bias           –                 –         –  display order unknown

Slices
column  value  prompts  rows   effect      low     high  verdict  confirmed
source  law         60   120  −0.0800  −0.1200  −0.0400  worse    yes

Most confidently wrong (1 of 1; all with --json or --html)
  0.9980  line 17  Where rain falls most

Warnings
  few_prompts: Fewer than 200 prompts carry a label: intervals are wide.

Evidence
  calibration 1, 1,240 rows, seed 0, 12 ms
  sha256 abababababababababababababababababababababababababababababababab
  python -m jobs analyse scores.jsonl --analysis calibration
"""


def test_golden(monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    result = sample()
    assert describe(replace(result, dataset={**result.dataset, "reasons": {"score_missing": 10}})) == GOLDEN


def test_narrow_terminals_are_kept_to(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    result = replace(sample(), estimates={}, slices=[])
    free = [line for line in describe(result).splitlines() if "python -m" not in line and "sha256" not in line]
    assert max(map(len, free)) <= 62


def test_an_empty_result_is_said_in_few_words():
    bare = replace(sample(), slices=[], pairs=[], warnings=[])
    text = describe(bare)
    for heading in ("Slices", "Most confidently wrong", "Warnings"):
        assert heading not in text


def test_many_slices_are_cut_and_counted():
    many = replace(sample(), slices=sample().slices * 30)
    assert "… and 18 more with --json" in describe(many)


def test_columns_line_up():
    assert table(["a", "number"], [["long word", "1"], ["x", "22"]], numeric=[1]) == (
        "a          number\nlong word       1\nx              22"
    )


def test_printable():
    assert printable("a\x00b\x1b[31mc\nd\te\u202ef\ud800") == "ab[31mc d ef"
