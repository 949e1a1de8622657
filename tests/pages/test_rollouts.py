"""The page of rollouts: its answer, its pictures, what the browser of answers is given and puts into the address."""

from __future__ import annotations

import json
import random
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.parts import location, rollouts
from tests.pages.conftest import Give, Page, blocks, html, part, parts

HOSTILE = "<img src=x onerror=alert(1)>"


def answers(prompts: int = 60, steps: int = 6, runs: tuple[str, ...] = ("one",)) -> str:
    """Answers whose reward and length rise, with a component, gold and tokens."""
    rng = random.Random(5)
    lines: list[dict[str, Any]] = []
    for number in range(prompts * 4):
        step, prompt = rng.randrange(steps), number // 4
        tokens = [f"w{rng.randrange(9)} " for _ in range(rng.randrange(3, 9) + step)]
        passed = float(rng.random() < 0.3 + 0.1 * step)
        lines.append(
            {
                "step": step,
                "prompt": f"{HOSTILE} {prompt}",
                "response": "".join(tokens),
                "response_tokens": tokens,
                "logprobs": [-rng.random() for _ in tokens],
                "ref_logprobs": [-rng.random() for _ in tokens],
                "reward": passed + rng.gauss(0, 0.1),
                "accuracy_reward": passed,
                "gold_reward": passed,
                "truncated": len(tokens) > 11,
                "run": runs[prompt % len(runs)],
            }
        )
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_the_page_answers_draws_and_browses(page: Page, give: Give) -> None:
    dataset = give(answers(), "rolls.jsonl")
    app = page("rollouts", dataset=str(dataset))
    assert not app.exception
    answer = part(app, "answer")
    assert answer is not None
    assert (answer["analysis"], answer["plain"], answer["verdict"]) == ("rollouts", True, "rose")
    assert answer["sentence"].startswith("Reward rose from ")
    assert [number["name"] for number in answer["numbers"]][:2] == ["reward_change", "reward_last"]
    drawn = {chart["name"] for chart in parts(app, "chart")}
    assert drawn == {"reward", "length", "kl", "components", "shares", "spread", "by_length"}
    browser = part(app, "rollouts")
    assert browser == {"query": f"dataset={dataset}", "version": 1, "shown": {}}
    assert ["code", "python -m jobs analyse rolls.jsonl --analysis rollouts"] in blocks(app)


def test_what_the_address_names_the_browser_shows(page: Page, give: Give) -> None:
    dataset = give(answers(runs=("one", "two")), "rolls.jsonl")
    named = {"sort": "kl", "order": "asc", "steps": "1..3", "find": "w3", "open": "123", "at": "2"}
    app = page("rollouts", dataset=str(dataset), run="two", **named)
    assert not app.exception
    browser = part(app, "rollouts")
    assert browser == {"query": f"dataset={dataset}&run=two", "version": 1, "shown": named}
    assert "runs" in {chart["name"] for chart in parts(app, "chart")}


def test_a_run_that_is_not_there_says_so(page: Page, give: Give) -> None:
    app = page("rollouts", dataset=str(give(answers(), "rolls.jsonl")), run="nobody")
    assert not app.exception
    assert part(app, "rollouts") is None
    assert "nobody" in html(app)


def script() -> None:
    """A page of its own that only puts something into the address."""
    import streamlit as st

    from pages.parts import rollouts

    rollouts.keep_shown({"sort": "kl", "open": "7", "dataset": "99", "find": "x" * 500, "order": ""})
    st.session_state["kept"] = st.query_params.to_dict()
    rollouts.choose_steps("10..20")
    st.session_state["told"] = st.query_params.to_dict()
    rollouts.keep_shown("nonsense")
    st.session_state["nothing"] = st.query_params.to_dict()


def test_only_its_own_names_are_put_into_the_address() -> None:
    app = AppTest.from_function(script)
    app.query_params["dataset"] = "1"
    app.query_params["at"] = "4"
    app.run()
    assert not app.exception
    kept = app.session_state["kept"]
    assert (kept["dataset"], kept["sort"], kept["open"]) == ("1", "kl", "7")
    assert len(kept["find"]) == rollouts.LONGEST
    assert "at" not in kept
    narrowed = app.session_state["told"]
    assert (narrowed["steps"], narrowed["sort"]) == ("10..20", "kl")
    assert "open" not in narrowed
    assert app.session_state["nothing"] == {"dataset": "1"}


def test_the_names_in_the_address_belong_to_nothing_else() -> None:
    taken = {
        location.COHORT,
        location.SLICE,
        location.BESIDE,
        location.PROJECT,
        location.SECTION,
        location.BY,
        "dataset",
        "run",
    }
    assert not taken & set(rollouts.BROWSING)
