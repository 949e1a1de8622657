"""The steps of the third and fourth decisions: a trainer's log, rollouts, a sweep, the player of a timeline."""

from __future__ import annotations

import json
import math
import random

from playwright.sync_api import expect

from jobs.simulator import training
from jobs.simulator.truth import Truth
from tests.tour.steps import SENTENCE, Tour, settled

SECONDS = 120_000
STEPS = 700


def _dropped(tour: Tour, name: str, content: str, page: str) -> str:
    """Drop a file of this content; it opens the page of what leads."""
    path = tour.target / name
    path.write_text(content, encoding="utf-8")
    tour.page.goto(f"{tour.product.url}/datasets")
    tour.page.wait_for_selector("[data-dropzone]")
    tour.page.locator("[data-upload]").set_input_files(path)
    tour.page.wait_for_url(f"**/{page}?*", timeout=SECONDS)
    tour.page.wait_for_selector(SENTENCE, timeout=SECONDS)
    path.unlink()
    return tour.sentence()


def _look(tour: Tour, page: str, ready: str = SENTENCE, *, picture: bool = True) -> str:
    """Another page on the same dataset."""
    query = tour.page.url.partition("?")[2]
    dataset = next(part for part in query.split("&") if part.startswith("dataset="))
    tour.page.goto(f"{tour.product.url}/{page}?{dataset}")
    tour.page.wait_for_selector(ready, timeout=SECONDS)
    settled(tour.page)
    assert "Something failed" not in tour.page.locator("[data-testid=stMain]").inner_text()
    if picture:
        tour.picture(page)
    return tour.sentence() if ready == SENTENCE else ""


def _logged(name: str, steps: int = STEPS) -> str:
    """What the simulator's trainer writes to one of its files; the truth of it is known."""
    truth = Truth()
    lines = (training.lines(truth, step * training.TICKS_A_STEP).get(name, []) for step in range(steps))
    return "".join(f"{line}\n" for rows in lines for line in rows)


def stops_in_time(tour: Tour) -> str:
    """Gold evaluations of a run: its curves, whether it has passed its peak, what comes next, at what price."""
    said = [_dropped(tour, "gold-evaluations.jsonl", _logged(training.GOLD_FILE, 1200), "curves")]
    tour.picture("curves")
    said += [_look(tour, page) for page in ("overoptimisation", "forecast", "monitor", "tradeoff")]
    assert said[1].startswith("Stop"), said[1]
    return " | ".join(said)


def reads_rollouts(tour: Tour) -> str:
    """Answers of a policy: read one by one, what drifted in them, whether the reward is hacked."""
    said = [_dropped(tour, "policy-rollouts.jsonl", _logged(training.ROLLOUT_FILE), "rollouts")]
    tour.page.wait_for_selector(".pl-roll tbody tr", timeout=SECONDS)
    tour.picture("rollouts")
    tour.page.locator(".pl-roll-open").first.click()
    tour.page.get_by_role("dialog").wait_for(timeout=SECONDS)
    tour.picture("rollout", whole=False)
    tour.page.keyboard.press("n")
    tour.page.keyboard.press("Escape")
    said += [_look(tour, page) for page in ("drift", "hackwatch")]
    return " | ".join(said)


def _sweep(trials: int = 60) -> str:
    draw = random.Random(5)
    lines = ["trial,learning_rate,beta,seed,reward"]
    for trial in range(trials):
        rate, beta = 10 ** draw.uniform(-6, -4), 10 ** draw.uniform(-2, 0)
        reward = 0.8 - 0.12 * (math.log10(rate) + 5) ** 2 - 0.1 * (math.log10(beta) + 1) ** 2 + draw.gauss(0, 0.02)
        lines.append(f"t{trial},{rate:.3g},{beta:.3g},{trial % 3},{reward:.4f}")
    return "\n".join(lines) + "\n"


def turns_a_surface(tour: Tour) -> str:
    """A sweep as a surface: its first picture, its fine tiles, the camera by keyboard, exact slices."""
    said = _dropped(tour, "sweep.csv", _sweep(), "sweep")
    tour.picture("sweep")
    _look(tour, "surface", ".pl-surface[data-refined]", picture=False)
    surface = tour.page.locator(".pl-surface")
    first, refined = (int(surface.get_attribute(f"data-{name}") or -1) for name in ("first", "refined"))
    tour.picture("surface")
    plot = tour.page.locator(".pl-surface-plot")
    plot.focus()
    began = tour.page.evaluate("performance.now()")
    plot.press("2")
    expect(surface).to_have_attribute("data-camera", "-90.00 89.00 1.90")
    turned = tour.page.evaluate("performance.now()") - began
    slider = tour.page.get_by_role("slider").first
    before = slider.get_attribute("aria-valuetext") or ""
    slider.focus()
    slider.press("ArrowRight")
    expect(slider).not_to_have_attribute("aria-valuetext", before)
    tour.picture("surface-top", whole=False)
    return f"{said} First picture {first} ms, fine {refined} ms, camera {turned:.0f} ms."


def _stepped(rows: int = 12_000, steps: int = 40) -> str:
    draw = random.Random(1)
    lines = []
    for row in range(rows):
        step = row * steps // rows
        true = draw.gauss(0, 1.2)
        label = int(draw.random() < 1 / (1 + math.exp(-true)))
        margin = (1 + 1.5 * step / steps) * true
        lines.append(
            json.dumps({"prompt_id": f"p{row // 2}", "step": 50 * step, "margin": round(margin, 4), "label": label})
        )
    return "\n".join(lines) + "\n"


def plays_a_timeline(tour: Tour) -> str:
    """The calibration of a reward model step by step: played, scrubbed, without a word to the server."""
    _dropped(tour, "steps.jsonl", _stepped(), "calibration")
    _look(tour, "timeline", ".pl-player[data-drawn]", picture=False)
    player = tour.page.locator(".pl-player")
    player.focus()
    tour.page.keyboard.press("Home")
    for _ in range(3):
        tour.page.keyboard.press("]")
    settled(tour.page)
    asked: list[str] = []
    tour.page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    began = tour.page.evaluate("performance.now()")
    tour.page.keyboard.press("Space")
    tour.page.wait_for_function("() => !('playing' in document.querySelector('.pl-player').dataset)", timeout=SECONDS)
    seconds = (tour.page.evaluate("performance.now()") - began) / 1000
    frames = int(player.get_attribute("data-frame") or 0)
    during = list(asked)
    tour.page.keyboard.press("4")
    tour.picture("timeline")
    assert not during, during
    return f"{frames + 1} frames in {seconds:.1f} s at eight times the speed, nothing asked for meanwhile"


def what_if(tour: Tour) -> str:
    """Which verdicts could be trusted without a person."""
    return _look(tour, "whatif")
