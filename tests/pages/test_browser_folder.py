"""A folder dropped on the page: its data files are taken under the names that lead to them, and compared."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.formats.members import DOCUMENTS, NO_DATA
from tests.pages import tabs
from tests.pages.tabs import BROWSER
from tests.product import ROOT

pytestmark = BROWSER


def verdicts(quality: float, prompts: int = 120) -> str:
    """Scored pairs of a judge that is right so often."""
    draw = random.Random(f"{quality}")
    lines = []
    for prompt in range(prompts):
        margin = round(draw.gauss(0, 1), 3) or 0.1
        right = draw.random() < quality
        lines.append({"prompt_id": f"q{prompt}", "margin": margin, "label": int((margin > 0) == right)})
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody signed in, with one file there."""
    with tabs.tab(tmp_path_factory.mktemp("browser"), "first.jsonl", verdicts(0.7)) as page:
        page.wait_for_url("**/calibration?dataset=1**")
        page.wait_for_selector('[data-live="sentence"]')
        yield page


def drop(page: Page, *paths: Path) -> None:
    """Let go of files or folders over the page, as a person does from the desktop."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 400, "data": data})
    devtools.detach()


def test_the_files_of_a_folder_are_compared_under_their_folders_names(tab: Page, tmp_path: Path) -> None:
    folder = tmp_path / "judges"
    for name, quality in (("Larger", 0.9), ("Smaller", 0.6)):
        (folder / name / "Vanilla").mkdir(parents=True)
        (folder / name / "Vanilla" / "result.jsonl").write_text(verdicts(quality))
    (folder / "README.md").write_text("# What this is")
    (folder / ".hidden.jsonl").write_text(verdicts(0.5))
    drop(tab, folder)
    tab.wait_for_url("**/compare?**", timeout=60_000)
    sentence = tab.locator('[data-live="sentence"]')
    expect(sentence).to_contain_text("Ship Larger", timeout=60_000)
    expect(sentence).to_contain_text("Smaller")
    tab.goto(re.sub(r"/compare.*", "/datasets", tab.url))
    expect(tab.get_by_text("judges/Larger/Vanilla/result.jsonl")).to_be_visible()
    expect(tab.get_by_text("README.md")).to_have_count(0)
    expect(tab.get_by_text(".hidden.jsonl")).to_have_count(0)


def test_a_folder_without_data_is_said_to_have_none(tab: Page, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "sheet.png").write_bytes(b"none")
    drop(tab, folder)
    row = tab.locator(".pl-upload", has_text="pictures")
    expect(row).to_contain_text("This folder holds no data file.")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)


def test_the_page_leaves_what_the_reader_of_archives_leaves() -> None:
    source = (ROOT / "web" / "assets" / "dropzone.js").read_text(encoding="utf-8")
    for name, known in (("NO_DATA", NO_DATA), ("DOCUMENTS", DOCUMENTS)):
        found = re.search(rf'const {name} = "([^"]+)"', source)
        assert found is not None
        assert set(found[1].split()) == set(known)
