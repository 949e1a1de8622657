"""An installation whose processes say what a test has them say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.actions import services
from engine.queries import monitoring
from engine.settings import Settings
from tests.processes.conftest import installed

Say = Callable[..., None]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        monitoring.forget()
        yield settings
        monitoring.forget()


@pytest.fixture
def say(home: Settings) -> Say:
    """Have a process say figures, or all three of them say nothing particular."""

    def say(name: str = "", instance: str = "here-1", state: str = "running", **figures: Any) -> None:
        for one in [name] if name else ["web", "foreman", "runner"]:
            assert services.say(one, instance, state, figures) is not None
        monitoring._latest.clear()

    return say
