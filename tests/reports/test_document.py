"""What a report says: everything of its answers, bounded, without what steers."""

from dataclasses import replace
from datetime import UTC, datetime

from engine.figures.theme import paint
from engine.figures.view import charts
from engine.reports.document import MOST_COLUMNS, MOST_ROWS, MOST_TEXT, of_decision, of_results, text
from engine.reports.html import render_document
from engine.types import DatasetVersion, DecisionView, Grounds, Notice
from tests.figures.results import result
from tests.hostile import PAYLOADS
from tests.reports.documents import MADE, of
from tests.reports.payloads import hostile
from tests.reports.sample import sample
from tests.reports.test_html import read


def test_every_answer_is_a_chapter_with_its_numbers_figures_and_evidence():
    made = of(sample(), ("judge", "scores.jsonl", "These rows name no judge."))
    first, second = made.chapters
    assert (made.kicker, made.moment) == ("Can it be trusted?", "2026-11-30 15:00 UTC")
    assert first.sentence == sample().sentence
    assert [one.label for one in first.headlines] == [
        "Calibration error, cluster-debiased",
        "Accuracy",
        "ECE, 15 equal-width bins",
    ]
    assert first.numbers[1].interval == "[0.0900, 0.1300]"
    assert dict(first.evidence)["SHA-256"] == "ab" * 32
    assert first.command == sample().evidence.command
    assert first.warnings == ("Fewer than 200 prompts carry a label: intervals are wide.",)
    assert (second.title, second.missing, second.figures) == ("Judges", "These rows name no judge.", ())


def test_figures_are_those_of_the_screen():
    for shown, printed in zip(charts(result()).values(), of(result()).chapters[0].figures, strict=True):
        assert paint(dict(printed.figure), "light") == paint(shown.figure, "light")
        assert (printed.title, printed.alt) == (shown.title, shown.alt)


def test_two_chapters_of_one_analysis_keep_their_images_apart():
    names = [name for name, _ in of(result(), result()).figures()]
    assert len(names) == len(set(names)) == 6


def test_long_tables_are_cut_and_say_so():
    slices = [{**result().slices[0], "value": f"v{place}"} for place in range(MOST_ROWS + 5)]
    items = [{f"column {place}": 1.0 for place in range(MOST_COLUMNS + 3)}]
    chapter = of(replace(result(), slices=slices, items=items)).chapters[0]
    cut = next(figure for figure in chapter.figures if figure.name == "slices")
    assert len(cut.rows) == MOST_ROWS
    assert cut.left_out.startswith(f"These are the first {MOST_ROWS} of {MOST_ROWS + 5} rows")
    assert chapter.names is not None
    assert (len(chapter.names.columns), len(chapter.names.rows[0])) == (MOST_COLUMNS, MOST_COLUMNS)
    assert f"the first {MOST_COLUMNS} of {MOST_COLUMNS + 3} columns" in chapter.names.left_out


def test_what_steers_is_left_out_and_length_is_bounded():
    assert text("a\u202eb\x00c\u2028d\u2066e\nf\u200dg") == "abcde\nf\u200dg"
    assert len(text("x" * (2 * MOST_TEXT))) == MOST_TEXT
    warned = of(replace(sample(), warnings=[Notice("long", "y" * 10_000)])).chapters[0].warnings
    assert len(warned[0]) == MOST_TEXT


def test_a_recorded_decision_has_its_words_and_numbers():
    estimates = {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6, "level": 0.95, "method": "m", "n": 9}}
    grounds = Grounds(
        "calibration",
        (DatasetVersion(3, "scores.csv", 7, "c" * 64),),
        {"bins": 15, "slice": ""},
        "calibrated",
        "Calibrated.",
        {name: {**one, "null_95": None} for name, one in estimates.items()},
        {"command": "python -m jobs analyse scores.csv"},
        "calibration?dataset=3",
    )
    at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    kept = DecisionView(5, "main", at, "ann", "Ship it", "Because.\nTwice.", grounds, at, "bob", "It moved.")
    made = of_decision(kept, None, "ada", MADE)
    assert (made.kicker, made.title, made.because) == ("Decision", "Ship it", "Because.\nTwice.")
    assert made.facts == (
        ("Recorded", "2026-11-01 09:30 UTC by ann, decision 5"),
        ("Withdrawn", "2026-11-01 09:30 UTC by bob: It moved."),
    )
    (chapter,) = made.chapters
    assert (chapter.sentence, chapter.numbers[0].interval) == ("Calibrated.", "[0.4000, 0.6000]")
    assert dict(chapter.evidence)["scores.csv"] == f"version 7, sha256 {'c' * 64}"


def test_the_page_of_several_answers_is_inert():
    page = render_document(of(hostile(*PAYLOADS), sample(), title="<script>window.__x=1</script>"))
    reader = read(page)
    assert "window.__x" not in "".join(reader.scripts[1:])
    assert set(reader.elements) <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "section", "p", "h1", "h2", "div", "table",
        "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary", "dl", "dt", "dd", "pre",
        "script",
    }  # fmt: skip
    assert "over-confident" in page.decode().lower()
    assert page == render_document(of(hostile(*PAYLOADS), sample(), title="<script>window.__x=1</script>"))


def test_the_same_answers_give_the_same_document():
    assert of(sample(), result()) == of(sample(), result())
    later = of_results([sample()], "trust", "May it grade?", "main", "ada", MADE.replace(year=2027))
    assert later != of(sample())
