"""The player of the timeline and a closer look at a long line, in a real browser.

The installation is filled by this process and then served by the web process alone: nothing else is at work.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from engine.actions import runs
from engine.errors import StatePending
from engine.queries import timeline
from engine.settings import ROOT
from jobs.work import perform
from tests.browser import chromium, context, watch_console
from tests.pages import samples
from tests.pages.tabs import BROWSER, HOSTILE
from tests.processes.conftest import installed
from tests.processes.here import Here
from tests.product import free_port
from tests.store.people import upload
from tests.web.serving import register
from web.gate import COOKIE

pytestmark = BROWSER
OURS = re.compile(r"^https?://")
STARTS_WITHIN = 120.0


@dataclass(frozen=True)
class Desk:
    """A page in front of the web process; `steps` and `log` are the datasets."""

    page: Page
    url: str
    steps: int
    log: int


def work_off() -> None:
    """Do every run that waits, as the runner does."""
    while work := runs.claim("test", ("read", "observe")):
        perform(work, Here())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Pairs of twenty steps, observed for a timeline, and a long training log; slices have names of other meanings."""
    home, port = tmp_path_factory.mktemp("browser") / "home", free_port()
    with installed(home):
        person = register("ann")
        steps = upload(person.who, samples.stepped(name=HOSTILE), "steps.csv").dataset_id
        log = upload(person.who, samples.curves(1, 9_000), "log.csv").dataset_id
        work_off()
        with pytest.raises(StatePending):
            timeline.prepared(person.who, steps, {"of": "calibration"})
        work_off()
        environment = {**os.environ, "PLUMBLINE_HOME": str(home), "PLUMBLINE_PORT": str(port)}
        web = subprocess.Popen([sys.executable, "server.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/_stcore/health")
            with chromium() as browser:
                tab = context(browser, color_scheme="light")
                tab.add_cookies([{"name": COOKIE, "value": person.cookie, "url": url}])
                page = tab.new_page()
                page.set_default_timeout(60_000)
                errors: list[str] = []
                watch_console(page, errors)
                yield Desk(page, url, steps, log)
                assert page.evaluate("window.__hit") is None
            assert errors == []
        finally:
            web.terminate()
            web.wait(20)


def wait_for(address: str) -> None:
    """Wait until an address answers."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


@pytest.fixture
def player(desk: Desk) -> Page:
    """The player at its last frame, paused, with the keyboard on it."""
    desk.page.goto(f"{desk.url}/timeline?dataset={desk.steps}&windows=0")
    desk.page.wait_for_selector(".pl-player[data-drawn]")
    desk.page.focus(".pl-player")
    return desk.page


def frame(page: Page) -> int:
    return int(page.get_attribute(".pl-player", "data-frame") or -1)


def at(page: Page, number: int) -> None:
    expect(page.locator(f'.pl-player[data-frame="{number}"]')).to_have_count(1)


def test_it_begins_at_the_end_and_never_plays_by_itself(player: Page) -> None:
    at(player, 19)
    player.wait_for_timeout(700)
    at(player, 19)
    expect(player.locator(".pl-player[data-playing]")).to_have_count(0)
    expect(player.locator(".pl-player-label")).to_have_text("step 950")


def test_keys_go_frame_by_frame_to_the_ends_to_changes_and_to_tenths(player: Page) -> None:
    for key, number in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", 19),
        ("0", 0),
        ("9", 19),
    ):
        player.keyboard.press(key)
        at(player, number)
    player.keyboard.press("Home")
    player.keyboard.press("Shift+ArrowRight")
    changed = frame(player)
    assert changed > 0
    expect(player.locator(".pl-player-sentence")).not_to_be_empty()
    player.keyboard.press("Shift+ArrowLeft")
    at(player, changed)


def test_space_plays_and_pauses_and_nothing_is_asked_for_while_it_plays(player: Page) -> None:
    for key in ("Home", "]", "l"):
        player.keyboard.press(key)
    expect(player.get_by_label("Speed")).to_have_value("2")
    player.wait_for_timeout(500)
    asked: list[str] = []

    def note(request: Request) -> None:
        if OURS.match(request.url):
            asked.append(request.url)

    player.on("request", note)
    player.evaluate("""() => { window.__sent = 0; const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (...all) { window.__sent += 1; return send.apply(this, all); }; }""")
    player.keyboard.press("Space")
    expect(player.locator(".pl-player[data-playing]")).to_have_count(1)
    player.wait_for_function("() => Number(document.querySelector('.pl-player').dataset.frame) >= 5")
    player.keyboard.press("Space")
    player.remove_listener("request", note)
    assert asked == []
    assert player.evaluate("window.__sent") == 0
    stopped = frame(player)
    player.wait_for_timeout(600)
    at(player, stopped)


def test_it_ends_at_the_last_frame_or_begins_again_in_a_loop(player: Page) -> None:
    player.keyboard.press("8")
    for _ in range(3):
        player.keyboard.press("]")
    player.keyboard.press("Space")
    expect(player.locator(".pl-player[data-playing]")).to_have_count(0)
    at(player, 19)
    player.keyboard.press("l")
    player.keyboard.press("8")
    player.keyboard.press("Space")
    player.wait_for_function("() => Number(document.querySelector('.pl-player').dataset.frame) < 8")
    player.keyboard.press("Space")


def test_scrubbing_shows_the_frame_and_the_address_keeps_it(player: Page) -> None:
    player.locator(".pl-player-range").evaluate("""(range) => {
        range.value = 7; range.dispatchEvent(new Event('input', {bubbles: true})); }""")
    at(player, 7)
    player.wait_for_url("**frame=8**")
    box = player.locator(".pl-player-strip").bounding_box()
    assert box is not None
    player.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 10)
    assert frame(player) in (9, 10)
    shown = frame(player) + 1
    player.wait_for_url(f"**frame={shown}**")
    player.reload()
    player.wait_for_selector(".pl-player[data-drawn]")
    at(player, shown - 1)


def test_all_frames_are_a_table_too(player: Page) -> None:
    player.get_by_text("All frames as a table").click()
    expect(player.get_by_role("region", name="All frames").locator("tbody tr")).to_have_count(20)
    player.get_by_text("All frames as a table").click()


def test_the_picture_comes_back_at_the_size_of_a_phone(player: Page) -> None:
    player.set_viewport_size({"width": 390, "height": 900})
    try:
        expect(player.locator(".pl-player .main-svg").first).to_be_attached()
        player.wait_for_function("() => document.querySelector('.pl-player .pl-plot')._fullLayout?.width < 390")
        assert player.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        player.set_viewport_size({"width": 1440, "height": 1000})


def test_the_file_plays_offline(player: Page, tmp_path: Path) -> None:
    with player.expect_download() as waiting:
        player.get_by_role("link", name="One file that plays anywhere").click()
    file = tmp_path / "player.html"
    waiting.value.save_as(file)
    browser = player.context.browser
    assert browser is not None
    alone = browser.new_context(offline=True, reduced_motion="reduce")
    page = alone.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    page.wait_for_selector(".pl-player[data-drawn]")
    page.wait_for_timeout(500)
    at(page, 19)
    page.keyboard.press("Home")
    at(page, 0)
    page.get_by_role("button", name="Play (Space)").click()
    page.wait_for_function("() => Number(document.querySelector('.pl-player').dataset.frame) >= 3")
    assert page.evaluate("window.__hit") is None
    assert errors == []
    alone.close()


# ------------------------------------------------------------------ a closer look


def long_log(desk: Desk) -> Locator:
    """The curves of the training log, drawn and in sight."""
    desk.page.goto(f"{desk.url}/curves?dataset={desk.log}")
    chart = desk.page.locator('[data-chart="curves"][data-drawn]')
    chart.wait_for()
    chart.scroll_into_view_if_needed()
    desk.page.wait_for_timeout(800)
    return chart


def drag_a_stretch(chart: Locator) -> tuple[float, float]:
    """Choose a twentieth of the line; a place in the picture at which it can be left."""
    place, mouse = chart.locator(".nsewdrag").first.bounding_box(), chart.page.mouse
    assert place is not None
    mouse.move(place["x"] + place["width"] * 0.40, place["y"] + 60)
    mouse.down()
    mouse.move(place["x"] + place["width"] * 0.45, place["y"] + 62, steps=4)
    mouse.up()
    return place["x"] + place["width"] * 0.5, place["y"] + 80


@pytest.mark.parametrize("busy", [0, 700])
def test_a_stretch_of_a_long_line_is_fetched_at_full_detail_and_left_by_a_double_click(desk: Desk, busy: int) -> None:
    """`busy`: milliseconds for which the page does something else at each press of the button."""
    tab, chart = desk.page, long_log(desk)
    points = "() => document.querySelector('[data-chart=\"curves\"] .pl-plot').data.map(trace => trace.x.length)"
    assert max(tab.evaluate(points)) <= 2_000
    with tab.expect_request(lambda request: "/view/curves?" in request.url and "at=" in request.url) as asked:
        within = drag_a_stretch(chart)
    assert re.search(r"at=\d+(\.\d+)?\.\.\d+", asked.value.url)
    tab.wait_for_selector('[data-chart="curves"][data-closer]')
    tab.wait_for_function(f"() => Math.max(...({points})()) < 1_000")
    near = tab.evaluate("""() => { const x = [...document.querySelector('[data-chart="curves"] .pl-plot').data[0].x];
        return [x.length, Math.max(...x.slice(1).map((one, place) => one - x[place]))]; }""")
    assert 300 < near[0] < 600
    assert near[1] == 10
    tab.evaluate(
        """busy => addEventListener("mousedown", () => {
            const end = performance.now() + busy;
            while (performance.now() < end);
        }, true)""",
        busy,
    )
    tab.mouse.dblclick(*within)
    expect(tab.locator('[data-chart="curves"][data-closer]')).to_have_count(0)
    tab.wait_for_function(f"() => Math.max(...({points})()) > 1_000")
    assert max(tab.evaluate(points)) <= 2_000


def test_a_stretch_left_before_it_came_does_not_come(desk: Desk) -> None:
    tab, chart = desk.page, long_log(desk)
    held: list[Route] = []
    tab.route("**/view/curves?*at=*", lambda route: held.append(route))
    with tab.expect_request(lambda request: "at=" in request.url):
        within = drag_a_stretch(chart)
    tab.mouse.dblclick(*within)
    tab.wait_for_function(
        "() => document.querySelector('[data-chart=\"curves\"] .pl-plot').layout.xaxis.autorange === true"
    )
    with tab.expect_response(lambda response: "at=" in response.url):
        held[0].continue_()
    tab.wait_for_timeout(300)
    tab.unroute_all()
    assert tab.locator('[data-chart="curves"][data-closer]').count() == 0
