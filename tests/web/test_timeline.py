"""All frames of a timeline over HTTP: one answer with everything, a file that plays alone, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from engine.errors import NotFound, StatePending
from engine.queries.timeline import Framed
from engine.types import Evidence, Frame, Notice, Result
from tests.figures.test_frames import result
from tests.web.conftest import Desk
from tests.web.test_view import Made, made  # noqa: F401 - the standing-in dataset is a fixture
from web import timeline, view

HOSTILE = "</script><script>window.__x=1</script>"


class Played:
    """Stands where the query stands, and counts."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def frames(self, who: object, dataset: int, params: Mapping[str, Any], version: int | None = None) -> Framed:
        self.asked.append(dict(params))
        if self.failure:
            raise self.failure
        frames = [Frame(f"step {at}", at, at, result(float(at), HOSTILE)) for at in range(3)]
        told = Result(
            "timeline",
            "steady",
            HOSTILE,
            {},
            Evidence("timeline", "1", command=HOSTILE),
            warnings=[Notice("a", HOSTILE)],
        )
        return Framed(frames, told, "curves", "step", version or 3, 17)


@pytest.fixture
def played(made: Made, monkeypatch: pytest.MonkeyPatch) -> Played:  # noqa: F811
    standin = Played()
    monkeypatch.setattr(timeline.timeline, "frames", standin.frames)
    monkeypatch.setattr(timeline, "_frames", view.Shared(8))
    return standin


def test_all_frames_come_in_one_answer_that_is_made_once(desk: Desk, played: Played) -> None:
    client = desk.visitor("ann", "viewer")
    answer = client.get("/view/timeline/frames?dataset=5&of=curves&windows=60&chart=curves&frame=2&speed=4&loop=1")
    found = answer.json()
    assert [one["label"] for one in found["frames"]] == ["step 0", "step 1", "step 2"]
    assert (found["of"], found["by"], found["version"], found["event"]) == ("curves", "step", 3, 17)
    assert answer.headers["cache-control"] == "no-store"
    client.get("/view/timeline/frames?dataset=5&windows=60&of=curves&chart=curves&frame=1")
    assert played.asked == [{"of": "curves", "windows": "60"}]


def test_the_file_plays_alone_and_what_is_hostile_stays_text(desk: Desk, played: Played) -> None:
    answer = desk.visitor("ann", "viewer").get("/export/timeline.html?dataset=5&of=curves")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "<script>window.__x=1" not in answer.text
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', answer.text)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1] or "default-src 'none'" in policy[1]
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", answer.text)
    assert "export class" not in answer.text


@pytest.mark.parametrize("path", ["/view/timeline/frames", "/export/timeline.html"])
def test_failures_are_told_by_name(desk: Desk, played: Played, path: str) -> None:
    client = desk.visitor("ann")
    for failure, status in ((StatePending("Being observed.", 7), 409), (NotFound("Not here."), 404)):
        played.failure = failure
        assert client.get(f"{path}?dataset=5").status_code == status
    assert client.get(path).status_code == 400
    assert client.get(f"{path}?dataset=5&beside=6").status_code == 400
    assert desk.visitor().get(f"{path}?dataset=5", follow_redirects=False).status_code in (303, 401)
