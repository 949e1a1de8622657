"""`make tour`: what a newcomer does, in Chromium, on a fresh home, then every page in every state and look.

Pictures and two contact sheets in build/tour. Exits 1 when a step fails, the console says an error, a page of ours
breaks a rule of axe, or looks other than the picture that is kept of it; `--keep` keeps how the pages look now.
`--steps` and `--gallery` do one half; numbers (`1 2 11a`) do those steps alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.browser import chromium, chromium_path
from tests.product import ROOT, Product
from tests.tour import gallery, ship, steps, stop, together
from tests.tour.sheet import contact_sheet
from tests.tour.steps import Tour

TARGET = ROOT / "build" / "tour"

STEPS: list[tuple[str, Callable[[Tour], str]]] = [
    ("1 sign in by the printed link", steps.sign_in_by_link),
    ("2 the simulator plays", steps.simulator_plays),
    ("2b the whole answer", steps.opens_the_answer),
    ("3a drop a JudgeBench file", steps.drops_judgebench),
    ("3b drop a HelpSteer2 file", steps.drops_helpsteer),
    ("3c drop a CSV of one's own", steps.drops_own_csv),
    ("3d drop something else", steps.refuses_kindly),
    ("4 append to the inbox", steps.appends_to_inbox),
    ("5a three files dropped together", ship.drops_three_files),
    ("5b the decision is recorded", ship.records_the_decision),
    ("6 battles and annotators", ship.drops_battles),
    ("6a models chosen on a picture", ship.chooses_models),
    ("7 judges, audit, best of n", ship.looks_at_the_rest),
    ("8 columns of one's own", ship.names_unknown_columns),
    ("9 a trainer's log", stop.stops_in_time),
    ("9a rollouts", stop.reads_rollouts),
    ("9b a sweep as a surface", stop.turns_a_surface),
    ("9c a timeline is played", stop.plays_a_timeline),
    ("9d what if", stop.what_if),
    ("10 the palette", steps.palette_by_keyboard),
    ("11 the bell", together.rings_the_bell),
    ("11a a link for others", together.shares_an_answer),
    ("11b a report", together.exports_a_report),
    ("11c rows with a name", together.names_a_cohort),
    ("11d Home arranged", together.arranges_home),
    ("11e the theme", together.changes_the_theme),
    ("12 the other pages", steps.other_pages),
]


def main(asked: list[str]) -> int:
    """Do both halves, say how each went, write the sheets."""
    if chromium_path() is None:
        sys.stdout.write("tour: no chromium on this machine (Debian: `make system`)\n")
        return 1
    well = True
    if "--gallery" not in asked:
        well = _steps([one for one in asked if not one.startswith("-")])
    if "--steps" not in asked:
        well = _gallery("--keep" in asked) and well
    return 0 if well else 1


def _steps(numbers: list[str]) -> bool:
    """The steps of the newcomer with these numbers, all of them where none is named."""
    chosen = [(name, step) for name, step in STEPS if not numbers or name.split()[0] in numbers]
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="plumbline-tour-") as folder:
        product = Product(Path(folder))
        with product, chromium() as browser:
            tour = Tour(product, browser, TARGET, Path(os.environ.get("PLUMBLINE_REAL_DATA", "")))
            failures = [name for name, step in chosen if not _done(tour, name, step)]
    for error in tour.errors:
        sys.stdout.write(f"console: {error}\n")
    contact_sheet(sorted(TARGET.glob("*.png")), TARGET / "sheet.png")
    sys.stdout.write(f"{len(chosen) - len(failures)} of {len(chosen)} steps, {len(tour.errors)} console errors\n")
    return not failures and not tour.errors


def _gallery(keep: bool) -> bool:
    """Every page in every state and look."""
    said, well = gallery.show(keep)
    contact_sheet(sorted(gallery.TARGET.glob("*.png")), TARGET / "gallery.png", columns=12, width=220)
    sys.stdout.write(f"{'ok    ' if well else 'FAILED'} gallery: {said}\n")
    return well


def _done(tour: Tour, name: str, step: Callable[[Tour], str]) -> bool:
    began = time.monotonic()
    try:
        said = step(tour)
    except Exception:  # noqa: BLE001 - a failed step is reported, and the next one may still tell something
        traceback.print_exc()
        tour.page.screenshot(path=TARGET / f"failed-{name.split()[0]}.png")
        said = ""
    seconds = time.monotonic() - began
    sys.stdout.write(f"{'ok    ' if said else 'FAILED'} {seconds:6.1f} s  {name}: {said}\n")
    return bool(said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
