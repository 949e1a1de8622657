"""Pictures held against kept ones: words that move are no change, what a page looks like is one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.tour import gallery, kept


def picture(path: Path, *, ink: str = "#17202E", height: int = 1000, dark: int = 0) -> Path:
    """A page: a line of words, and a part of it dark."""
    page = Image.new("RGB", (1440, height), "#F5F6F9")
    draw = ImageDraw.Draw(page)
    draw.rectangle((300, 100, 420, 112), fill=ink)
    draw.rectangle((0, height - dark, 1440, height), fill="#0D121A")
    page.save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "kept")
    return tmp_path


def test_a_picture_is_kept_small_and_is_like_itself(folder: Path) -> None:
    kept.keep(picture(folder / "home.png"))
    with Image.open(folder / "kept" / "home.png") as small:
        assert small.width == kept.WIDTH
    assert kept.change(folder / "home.png") == ""


def test_a_word_that_moves_is_no_change_and_a_part_that_turns_dark_is_one(folder: Path) -> None:
    kept.keep(picture(folder / "home.png"))
    assert kept.change(picture(folder / "home.png", ink="#F5F6F9")) == ""
    assert kept.change(picture(folder / "home.png", dark=100)) == "10.4% of it looks different"


def test_a_page_that_became_taller_is_a_change(folder: Path) -> None:
    kept.keep(picture(folder / "home.png"))
    assert kept.change(picture(folder / "home.png", height=1200)) == "+20% in height"


def test_what_is_not_kept_is_said(folder: Path) -> None:
    assert kept.change(picture(folder / "new.png")) == "nothing is kept to hold it against"


def test_the_table_tells_ours_from_theirs() -> None:
    found = [("home", "filled", "dark", Counter({"color-contrast": 2}), Counter[str]())]
    assert gallery.table(found).endswith("| home | filled | dark | color-contrast 2 | none |\n")
