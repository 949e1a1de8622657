"""The steps of the second decision: files dropped together, battles, annotators, the record of what was decided."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

from tests.tour.steps import SENTENCE, Tour, settled

SECONDS = 90_000
MODELS = ("policy-1200", "policy-900", "policy-600", "baseline")


def drops_three_files(tour: Tour) -> str:
    """Three reward models' scores of the same 350 pairs, dropped together: the paired verdict stands at once."""
    paths = sorted((tour.data / "judgebench" / "outputs").glob("*.jsonl"))[:3]
    if len(paths) < 3:
        return "skipped: no real data here (PLUMBLINE_REAL_DATA)"
    tour.page.goto(f"{tour.product.url}/datasets")
    tour.page.wait_for_selector("[data-dropzone]")
    tour.page.locator("[data-upload]").set_input_files(paths)
    tour.page.wait_for_url("**/compare?*", timeout=SECONDS)
    tour.page.wait_for_function(
        "selector => document.querySelector(selector)?.textContent.includes('of 3 systems')",
        arg=SENTENCE,
        timeout=SECONDS,
    )
    sentence = tour.sentence()
    assert "350 prompts" in sentence, sentence
    tour.page.wait_for_selector('[data-chart="pairs"][data-version]')
    tour.picture("compare")
    return sentence


def records_the_decision(tour: Tour) -> str:
    """From the verdict to the journal: why, with the evidence as it was."""
    if "/compare" not in tour.page.url:
        return "skipped: nothing was compared"
    tour.page.get_by_role("button", name="Record decision").click()
    dialog = tour.page.get_by_role("dialog")
    dialog.get_by_label("What was decided").fill("Which reward model trains the policy")
    dialog.get_by_label("Because").fill("Not told apart on 350 prompts: we label more before switching.")
    tour.picture("decision-dialog", whole=False)
    dialog.get_by_role("button", name="Record").click()
    dialog.wait_for(state="detached")
    tour.page.goto(f"{tour.product.url}/journal")
    tour.page.get_by_text("Which reward model trains the policy").first.wait_for(timeout=SECONDS)
    tour.picture("journal")
    return "recorded, and stands in the journal"


def _dropped(tour: Tour, path: Path, page: str) -> str:
    tour.page.goto(tour.product.url)
    tour.page.wait_for_selector("[data-dropzone]")
    tour.page.locator("[data-upload]").set_input_files(path)
    tour.page.wait_for_url(f"**/{page}?*", timeout=SECONDS)
    tour.page.wait_for_selector(SENTENCE, timeout=SECONDS)
    path.unlink()
    return tour.sentence()


def drops_battles(tour: Tour) -> str:
    """Battles of named models open the ranking, without being told what they are."""
    path = tour.target / "battles.csv"
    path.write_text(_battles(), encoding="utf-8")
    sentence = _dropped(tour, path, "ranking")
    tour.page.wait_for_selector('[data-chart="wins"][data-version]')
    assert MODELS[0] in sentence, sentence
    tour.picture("ranking")
    tour.page.goto(tour.page.url.replace("/ranking", "/agreement"))
    tour.page.wait_for_selector('[data-chart="raters"][data-version]', timeout=SECONDS)
    tour.picture("agreement")
    return f"{sentence} {tour.sentence()}"


def chooses_models(tour: Tour) -> str:
    """Two marks of the forest: the rows behind them, then these rows alone with the others beside them."""
    tour.page.goto(tour.page.url.replace("/agreement", "/ranking"))
    forest = tour.page.locator('[data-chart="forest"]')
    tour.page.wait_for_selector('[data-chart="forest"][data-drawn]', timeout=SECONDS)
    plot = forest.locator(".pl-plot")
    plot.focus()
    for key in ("End", "Shift+ArrowDown", "Shift+ArrowDown"):
        plot.press(key)
    tour.picture("chosen", whole=False)
    plot.press("Enter")
    rows = tour.page.get_by_role("dialog", name="Rows")
    rows.get_by_text("rows", exact=False).first.wait_for()
    rows.locator("article h3").wait_for()
    tour.picture("rows", whole=False)
    tour.page.keyboard.press("Escape")
    forest.get_by_role("button", name="Only these").click()
    tour.page.get_by_role("button", name=re.compile("^The others")).wait_for(timeout=SECONDS)
    settled(tour.page)
    tour.picture("cohort")
    return tour.sentence()


def _battles(prompts: int = 300) -> str:
    """Each prompt's two answers judged by three of eight people; the first model is the strongest."""
    draw = random.Random(3)
    lines = ["question_id,model_a,model_b,winner,annotator,language,length_a,length_b,created_at"]
    for prompt in range(prompts):
        a, b = draw.sample(range(len(MODELS)), 2)
        for person in draw.sample(range(8), 3):
            wins = draw.random() < 1 / (1 + math.exp(0.7 * (a - b)))
            winner = "tie" if draw.random() < 0.12 else "model_a" if wins else "model_b"
            when = f"2026-0{1 + prompt // 100}-{1 + prompt % 28:02d}T09:{person:02d}:00Z"
            counts = f"{draw.randrange(60, 500)},{draw.randrange(60, 500)}"
            lines.append(
                f"q{prompt},{MODELS[a]},{MODELS[b]},{winner},person {person},{('en', 'de')[prompt % 2]},{counts},{when}"
            )
    return "\n".join(lines) + "\n"


def looks_at_the_rest(tour: Tour) -> str:
    """Judges, Audit and Best of n with what was dropped before; a page that lacks what it takes says what that is."""
    for name in ("judge", "audit", "bestofn"):
        tour.page.goto(f"{tour.product.url}/{name}")
        settled(tour.page)
        assert "Something failed" not in tour.page.locator("[data-testid=stMain]").inner_text()
        tour.picture(name)
    return "judges, audit, best of n"


def names_unknown_columns(tour: Tour) -> str:
    """A table with columns of its own: guessed, named once, and the next file of that shape is read by itself."""
    for number in range(2):
        path = tour.target / f"export {number}.csv"
        path.write_text(_strange(number), encoding="utf-8")
        tour.page.goto(tour.product.url)
        tour.page.wait_for_selector("[data-dropzone]")
        tour.page.locator("[data-upload]").set_input_files(path)
        tour.page.wait_for_url("**dataset=*", timeout=SECONDS)
        path.unlink()
        if number:
            break
        tour.page.get_by_role("button", name="Name the columns").click(timeout=SECONDS)
        tour.page.wait_for_url("**/columns?*", timeout=SECONDS)
        settled(tour.page)
        tour.picture("columns")
        _choose(tour, "rm_eins", "Score a")
        _choose(tour, "rm_zwei", "Score b")
        _choose(tour, "besser", "Label")
        tour.page.get_by_role("button", name="Read again").click()
    tour.page.wait_for_selector(SENTENCE, timeout=SECONDS)
    tour.picture("columns-remembered")
    return tour.sentence()


def _choose(tour: Tour, column: str, role: str) -> None:
    tour.page.get_by_role("combobox", name=re.compile(column)).first.click()
    tour.page.get_by_role("option", name=role, exact=True).first.click()


def _strange(seed: int, count: int = 400) -> str:
    draw = random.Random(seed)
    lines = ["nr;rm_eins;rm_zwei;besser"]
    for row in range(count):
        margin = draw.gauss(0, 1.5)
        better = 1 if draw.random() < 1 / (1 + math.exp(-margin)) else 0
        lines.append(f"{row};{2 * margin:.3f};0;{better}")
    return "\n".join(lines) + "\n"
