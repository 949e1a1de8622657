import re

import pytest

from engine.figures import words
from tests.web.serving import Person, Served, register
from web.assets import catalogue

FONTS = ("inter", "inter-italic", "jetbrains-mono", "jetbrains-mono-italic")


@pytest.fixture(scope="module")
def ann(served: Served) -> Person:
    return register("assets ann")


def test_plotly_comes_zipped_and_stays_for_ever(served: Served, ann: Person) -> None:
    with served.client(ann) as client:
        answer = client.get("/assets/plotly.js?v=1")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.content == catalogue()["plotly.js"].read_bytes()
        assert client.get("/assets/plotly.js").headers["cache-control"] == "private, no-cache"
        again = client.get("/assets/plotly.js?v=1", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = client.get("/assets/plotly.js?v=1", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content


@pytest.mark.parametrize("name", FONTS)
def test_fonts_come_from_the_installed_packages(served: Served, ann: Person, name: str) -> None:
    with served.client(ann) as client:
        answer = client.get(f"/assets/fonts/{name}.ttf?v=1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "font/ttf")
    assert answer.content[:4] == b"\x00\x01\x00\x00"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/..%2f..%2fserver.py",
        "/assets/%2e%2e/gate.py",
        "/assets/",
        "/assets//etc/passwd",
    ],
)
def test_nothing_but_the_catalogue_is_served(served: Served, ann: Person, path: str) -> None:
    with served.client(ann) as client:
        answer = client.get(path)
    assert answer.status_code in (400, 404)


def test_every_file_of_the_catalogue_is_served(served: Served, ann: Person) -> None:
    with served.client(ann) as client:
        assert {name: client.get(f"/assets/{name}").status_code for name in catalogue()} == dict.fromkeys(
            catalogue(), 200
        )


def test_the_sign_in_page_finds_all_it_names_without_a_session(served: Served) -> None:
    with served.client() as client:
        page = client.get("/signin").text
        named = [part.split('"')[0] for part in page.split('="/assets/')[1:]]
        assert len(named) >= 3
        assert [client.get(f"/assets/{name}").status_code for name in named] == [200] * len(named)


def test_the_browser_writes_numbers_as_figures_do() -> None:
    """Which estimates are shares, counts and p-values stands in both: an answer moves without a rerun."""
    text = catalogue()["plumb.js"].read_text(encoding="utf-8")
    for name in ("PERCENT", "WHOLE", "P_VALUES", "TWO", "SIGNIFICANT"):
        found = re.search(rf'const {name} = new Set\(\s*"([^"]*)"\.split', text)
        assert found is not None, name
        assert set(found.group(1).split()) == getattr(words, name), name
