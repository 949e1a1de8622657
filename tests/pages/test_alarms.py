"""The pages of alarms and hack watch."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.analysis.training_worlds import rollouts, stream
from tests.pages import samples
from tests.pages.conftest import Give, Page, blocks, html, part, parts


def log(jump: float = 3.0, metric: str = "kl") -> str:
    """A training log whose KL jumps at step 301, beside a reward that still rises."""
    generator = np.random.default_rng(1)
    kl = stream("white", 500, generator)
    kl[300:] += jump
    reward = 5 * (1 - np.exp(-np.arange(500) / 100)) + generator.normal(0, 0.2, 500)
    lines = [f"{step + 1},{kl[step]:.5f},{reward[step]:.5f},0.1" for step in range(500)]
    return "\n".join([f"step,{metric},reward,loss", *lines]) + "\n"


def answers(**how: object) -> str:
    """Rollouts as TRL writes completions, with a gold reward."""
    rows = rollouts(steps=80, prompts=8, answers=2, **how).columns  # type: ignore[arg-type]
    lines = []
    for row in range(len(rows["step"])):
        told = {"step": int(rows["step"][row]), "prompt": f"p{rows['prompt_hash'][row]}", "completion": f"answer {row}"}
        told |= {
            name: round(float(rows[name][row]), 5) for name in ("reward", "gold", "length", "entropy") if name in rows
        }
        lines.append(json.dumps(told))
    return "\n".join(lines) + "\n"


def test_an_alarm_says_what_moved_since_when_and_how_often_it_is_false(page: Page, give: Give) -> None:
    dataset = give(log(), "log.csv")
    app = page("monitor", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert answer["verdict"] == "alarm"
    assert "kl_ref rose from step 3" in answer["sentence"]
    assert "false alarms per 1,000 points" in answer["sentence"]
    assert {chart["name"] for chart in parts(app, "chart")} == {"stream", "statistic"}
    tables = [block for block in blocks(app) if block[0] == "table"]
    streams = {row[0]: row for row in tables[0][3]}
    assert streams["kl_ref"][1] == "rose"
    assert streams["reward"][1] == "not watched"
    assert "still rising" in streams["reward"][5]
    assert {row[0]: row[1] for row in tables[1][3]}["Test martingale"] == "no"


def test_the_controls_of_alarms_are_in_the_address(page: Page, give: Give) -> None:
    dataset = give(log(), "log.csv")
    app = page("monitor", dataset=str(dataset), metric="kl_ref", monitor="page_hinkley", direction="down")
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert answer["query"] == f"dataset={dataset}&metric=kl_ref&monitor=page_hinkley&direction=down"
    assert answer["verdict"] == "no_alarm"
    app = page("monitor", dataset=str(dataset), metric="nothing")
    assert not app.exception
    assert "There is no metric" in html(app)


def test_a_stream_that_no_monitor_is_honest_for_says_why(page: Page, give: Give) -> None:
    app = page("monitor", dataset=str(give(log(), "log.csv")), metric="reward")
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert answer["verdict"] == "not_watched"
    assert "its baseline is still rising" in answer["sentence"]
    assert parts(app, "chart") == []


def test_hack_watch_names_the_onset_and_the_answers(page: Page, give: Give) -> None:
    dataset = give(answers(onset=50, slope=0.15), "rollouts.jsonl")
    app = page("hackwatch", dataset=str(dataset), baseline="20")
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None, html(app)
    assert "Without a gold reward" in answer["sentence"] or answer["verdict"] == "onset"
    signals = next(block for block in blocks(app) if block[0] == "table")
    assert signals[1] == "Signals"
    assert "reached" in {chart["name"] for chart in parts(app, "chart")}


def test_without_steps_the_pages_say_what_they_need(page: Page, give: Give) -> None:
    dataset = str(give(samples.pairs()))
    for name, title in (("monitor", "Alarms"), ("hackwatch", "Hack watch")):
        app = page(name, dataset=dataset)
        assert not app.exception
        assert app.header[0].value == f"Nothing for {title} in this file"
        assert part(app, "answer") is None


@pytest.mark.parametrize("name", ["monitor", "hackwatch"])
def test_without_data_each_page_says_what_to_give(page: Page, name: str) -> None:
    app = page(name)
    assert not app.exception
    assert app.header[0].value == "No data yet"


def test_names_of_metrics_never_become_markup(page: Page, give: Give) -> None:
    app = page("monitor", dataset=str(give(log(metric="<b>kl</b> loss"), "log.csv")))
    assert not app.exception
    for chart in parts(app, "chart"):
        assert "<b>" not in json.dumps(chart["chart"]["figure"])
