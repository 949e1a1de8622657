"""An installation filled through the product's own actions, and its pages run by AppTest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import datasets, runs
from engine.queries import people as people_queries
from engine.queries import results
from engine.settings import ROOT, Settings, get_settings
from engine.types import Who
from jobs.work import perform
from pages.parts import ahead, answer, commands, four, guard, notifications, reads, shell, trail
from tests.processes.conftest import installed
from tests.processes.here import Here
from tests.store.people import person

Page = Callable[..., AppTest]
Give = Callable[..., int]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        forget()
        yield settings


def forget() -> None:
    """What a new process would know."""
    for memory in (
        *vars(reads).values(),
        *vars(shell).values(),
        *vars(commands).values(),
        *vars(trail).values(),
        *vars(four).values(),
    ):
        if hasattr(memory, "cache_clear"):
            memory.cache_clear()
    notifications._given.clear()
    answer._drawn.clear()
    results._results.clear()
    results._with_rows.clear()


@pytest.fixture(autouse=True)
def nothing_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is concluded in the background would outlive the installation of a test."""
    monkeypatch.setattr(ahead, "MOST_SLICES", 0)


@pytest.fixture
def who(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Who:
    """The administrator, signed in, below a server."""
    signed_in = person()
    monkeypatch.setenv(guard.HOSTED, str(os.getpid()))
    monkeypatch.setattr(people_queries, "who_is", lambda _cookie: signed_in)
    return signed_in


@pytest.fixture
def give(who: Who) -> Give:
    """Give a file as the upload does; with `read`, as the runner leaves it. Returns the dataset."""

    def give(text: str, name: str = "scores.csv", read: bool = True) -> int:
        path = get_settings().uploads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        dataset = datasets.receive_upload(who, "main", name, path, digest, len(text)).dataset_id
        while read and (work := runs.claim("test", ("read", "observe"))):
            perform(work, Here())
        return dataset

    return give


@pytest.fixture
def page(who: Who) -> Page:
    """Run a page: Home inside the router, the others as AppTest switches to them, without it."""

    def run(name: str = "home", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        return app if name == "home" else app.switch_page(f"pages/{name}.py").run()

    return run


def part(app: AppTest, name: str) -> dict[str, Any] | None:
    """What a part of the page was given, by the name of its component; None where it is not mounted."""
    return next(iter(parts(app, name)), None)


def parts(app: AppTest, name: str) -> list[dict[str, Any]]:
    """What every part of this name was given."""
    mounted = [(one.proto.component_name, orjson.loads(one.proto.bytes)) for one in app.get("bidi_component")]
    found = [data for component, data in mounted if component.endswith(f"plumb_{name}")]
    return found + [data for kind, *rest in blocks(app) if kind == "part" and rest[0] == name for data in rest[2:]]


def blocks(app: AppTest) -> list[list[Any]]:
    """What stands on the cards of the page, folded blocks too."""
    mounted = [one.proto for one in app.get("bidi_component") if one.proto.component_name.endswith("plumb_cards")]
    found = [block for part in mounted for card in orjson.loads(part.bytes)["cards"] for block in card["blocks"]]
    return found + [inner for kind, *rest in found if kind == "fold" for inner in rest[1]]


def said(app: AppTest) -> str:
    """The paragraphs on the cards of the page."""
    return " ".join(block[1] for block in blocks(app) if block[0] == "text")


def html(app: AppTest) -> str:
    """All HTML of the page."""
    return "".join(element.proto.body for element in app.get("html"))
