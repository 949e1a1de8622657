"""What people type and what they mean: the first hit of the palette's own search, run by the node of playwright."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import playwright
import pytest

from engine.settings import ROOT
from engine.types import Who
from pages.parts import commands
from tests.pages import samples
from tests.pages.conftest import Give

NODE = Path(playwright.__file__).parent / "driver" / "node"

FIRST = {
    "home": "Home",
    "calibration analysis": "Calibration",
    "calibration": "Calibration",
    "calib": "Calibration",
    "clbrt": "Calibration",
    "calibraton": "Calibration",
    "reliability": "Calibration",
    "ece": "Calibration",
    "overconfident": "Calibration",
    "is my reward model calibrated": "Calibration",
    "3D performance": "Surface",
    "3d": "Surface",
    "learning rate": "Surface",
    "drift detection": "Drift",
    "drift": "Drift",
    "what moved": "Drift",
    "psi": "Drift",
    "ks test": "Drift",
    "view automation": "Runs",
    "jobs": "Runs",
    "queue": "Runs",
    "judges": "Judges",
    "llm as a judge": "Judges",
    "position bias": "Judges",
    "length bias": "Audit",
    "what if": "What if",
    "threshold": "What if",
    "which checkpoint to ship": "Compare",
    "compare": "Compare",
    "significance": "Compare",
    "leaderboard": "Ranking",
    "elo": "Ranking",
    "bradley terry": "Ranking",
    "annotators": "Agreement",
    "krippendorff": "Agreement",
    "best of n": "Best of n",
    "rejection sampling": "Best of n",
    "alarms": "Alarms",
    "cusum": "Alarms",
    "false alarm": "Alarms",
    "play": "Play the simulator",
    "animation": "Timeline",
    "timelin": "Timeline",
    "dritf": "Drift",
    "rankimg": "Ranking",
    "tc": "Training curves",
    "trainig curves": "Training curves",
    "loss": "Training curves",
    "overoptimization": "Over-optimisation",
    "kl budget": "Over-optimisation",
    "reward hacking": "Hack watch",
    "hackwatch": "Hack watch",
    "forecast": "Forecast",
    "predict": "Forecast",
    "completions": "Rollouts",
    "beta": "KL trade-off",
    "hyperparameters": "Sweep",
    "decisions": "Journal",
    "datst": "Datasets",
    "upload": "Datasets",
    "settings": "Settings",
    "change theme": "Dark theme",
    "dark": "Dark theme",
    "dark theme": "Dark theme",
    "log out": "Sign out",
    "sign out": "Sign out",
    "api key": "Make an API token…",
    "invite": "Invite somebody…",
    "add user": "Invite somebody…",
    "who did what": "Audit",
    "health": "Monitoring",
    "scores": "scores.csv",
    "rename scores": "Rename scores.csv…",
    "remove scores": "Remove scores.csv",
    "rename dataset": "Rename dataset…",
    "save view": "Save this view…",
    "bookmark": "Save this view…",
    "new project": "Make a project…",
    "record decision": "Record a decision…",
}


def found(who: Who, phrases: list[str]) -> list[str]:
    """The title of the first hit of each phrase."""
    told = json.loads(commands.entries(who, "main", "main", 0))
    said = subprocess.run(
        [str(NODE), str(ROOT / "tests" / "pages" / "phrases.mjs"), str(ROOT / "web" / "assets")],
        input=json.dumps({**told, "phrases": phrases}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    titles: list[str] = json.loads(said.stdout)
    return titles


@pytest.mark.skipif(not NODE.exists(), reason="needs playwright")
def test_the_first_hit_is_what_is_meant(who: Who, give: Give) -> None:
    give(samples.pairs(), read=False)
    assert dict(zip(FIRST, found(who, list(FIRST)), strict=True)) == FIRST
    assert found(who, ["zzqq", "xylophone"]) == ["", ""]
