"""PDF: complete, the same bytes each time, fenced in, and nothing left behind when it hangs."""

import io
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from engine.errors import Conflict, LimitExceeded, StoreUnavailable, UsageError
from engine.reports import setting
from engine.reports.pdf import BLEED, chapter_page, front_page, render_pdf
from engine.reports.setting import command, set_page
from tests.hostile import PAYLOADS
from tests.listener import listening
from tests.reports.documents import of
from tests.reports.payloads import hostile
from tests.reports.sample import sample

ROOT = Path(__file__).parents[2]
needs_setter = pytest.mark.skipif(
    shutil.which("wkhtmltopdf") is None, reason="needs the Debian package wkhtmltopdf (tests/run.sh installs it)"
)
needs_text = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs the Debian package poppler-utils")


def traps(address: str, canary: Path) -> list[str]:
    """What would load, run, attach or change an option if any of it were taken for markup."""
    file = canary.as_uri()
    return [
        f"<iframe src='{address}/a'></iframe>",
        f"<iframe src='{file}'></iframe>",
        f"<object data='{file}'></object>",
        f"<embed src='{file}'>",
        f"<img src='{address}/b'>",
        f"<img src='{file}'>",
        f"<link rel=stylesheet href='{address}/c'>",
        f"<link rel=attachment href='{file}'>",
        f"<style>@import url({address}/d);</style>",
        f"</style><style>@import url({address}/e);</style>",
        f"<div style='background:url({address}/f)'>",
        f"<script>new Image().src='{address}/g'</script>",
        f"<script>var r=new XMLHttpRequest();r.open('GET','{file}',false);r.send();document.write(r.response)</script>",
        f"<meta name=pdfkit-allow content='{canary.parent}'>",
        '<meta name="pdfkit-enable-local-file-access" content="">',
        f'<meta name="pdfkit-cookie-jar" content="{canary.parent}/jar">',
        f"<meta http-equiv=refresh content='0;url={address}/h'>",
        f"<base href='{address}/'>",
        f"<form action='{address}/i'><input type=submit></form>",
        f"<video src='{address}/j' autoplay></video>",
        f'"><iframe src="{file}"></iframe>',
        f"{{{{ '<iframe src={file}>' | safe }}}}",
        f"%3Ciframe src='{file}'%3E",
    ]


@needs_setter
@needs_text
def test_nothing_is_loaded_read_or_written_whatever_the_data_say(tmp_path):
    """80 payloads in every text that data can reach: no request, not a word of the file, no option taken."""
    secret = "CANARY-7d1f0c"
    canary = tmp_path / "canary.html"
    canary.write_text(f"<p>{secret}</p>")
    with listening() as (address, heard):
        evil = [*PAYLOADS, *traps(address, canary)]
        made = [of(hostile(*evil[place:], *evil[:place]), title=evil[place]) for place in (0, len(PAYLOADS))]
        texts = [text_of(render_pdf(replace(one, because=evil[-1], project=evil[1]), {})) for one in made]
        time.sleep(0.2)
        assert heard == []
    for text in texts:
        assert secret not in text
        assert "<iframe" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canary.html"]


@needs_setter
@needs_text
@pytest.mark.parametrize("trap", ["iframe-web", "iframe-file", "img", "css", "script", "meta"])
def test_the_fence_holds_even_without_escaping(tmp_path, trap):
    """Raw markup, as if a template had forgotten to escape: the renderer refuses the page or sets it without."""
    secret = "CANARY-7d1f0c"
    canary = tmp_path / "canary.html"
    canary.write_text(f"<p>{secret}</p>")
    with listening() as (address, heard):
        raw = {
            "iframe-web": f"<iframe src='{address}/a'></iframe>",
            "iframe-file": f"<iframe src='{canary.as_uri()}'></iframe>",
            "img": f"<img src='{address}/b'><img src='{canary.as_uri()}'>",
            "css": f"<style>@import url({address}/c);</style>",
            "script": f"<script>new Image().src='{address}/d'</script>",
            "meta": f'<meta name="pdfkit-allow" content="{tmp_path}"><iframe src="{canary.as_uri()}"></iframe>',
        }[trap]
        text = ""
        with suppress(UsageError):
            text = text_of(set_page(f"<html><body><p>shown</p>{raw}</body></html>", BLEED, 30))
        time.sleep(0.1)
        assert (heard, secret in text) == ([], False)


@needs_setter
def test_no_option_comes_from_the_page():
    page = '<html><head><meta name="pdfkit-allow" content="/etc"><meta name="allow" content="/etc"></head></html>'
    words = command(page, BLEED)
    assert "--allow" not in words
    assert "/etc" not in words
    assert {"--disable-local-file-access", "--disable-javascript", "--disable-plugins"} <= set(words)
    assert words[words.index("--load-error-handling") + 1] == "abort"


@needs_setter
def test_pages_outline_and_what_it_is():
    made = of(sample(), ("judge", "scores.jsonl", "These rows name no judge."), sample())
    read = PdfReader(io.BytesIO(render_pdf(made, {})))
    assert read.metadata.title == "May it grade?"
    assert read.metadata.author == "ada"
    assert read.metadata.creation_date.isoformat() == "2026-11-30T15:00:00+00:00"
    starts = {item.title: read.get_destination_page_number(item) for item in read.outline}
    contents = " ".join(read.pages[1].extract_text().split())
    assert f"2 Judges scores.jsonl {starts['Judges'] + 1}" in contents
    total = len(read.pages)
    for place, page in enumerate(read.pages[2:], 3):
        assert f"{place} of {total}" in " ".join(page.extract_text().split())
    assert "These rows name no judge." in " ".join(read.pages[starts["Judges"]].extract_text().split())
    assert all(abs(float(page.mediabox.width) - 595) < 1 for page in read.pages)


@needs_setter
def test_the_same_in_another_process_at_another_place_but_for_its_moment(tmp_path):
    program = (
        "import sys, datetime as d\n"
        "from tests.reports.documents import of\nfrom tests.reports.sample import sample\n"
        "from engine.reports.pdf import render_pdf\nfrom engine.reports.html import render_document\n"
        "made = of(sample(), sample())\n"
        "open(sys.argv[1], 'wb').write(render_pdf(made, {}) + render_document(made))\n"
    )
    out = []
    for number, place in enumerate(({"LC_ALL": "C.UTF-8", "TZ": "UTC"}, {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo"})):
        path = tmp_path / str(number)
        environment = {**os.environ, **place, "PYTHONHASHSEED": str(number)}
        subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, env=environment, check=True, timeout=100)
        out.append(path.read_bytes())
    assert out[0] == out[1]


def hanging(tmp_path: Path) -> str:
    """Stands for wkhtmltopdf: starts a process of its own and never ends."""
    path = tmp_path / "hanging"
    path.write_text(f"#!/bin/sh\nsleep 987 &\necho $$ $! > {tmp_path}/pids\nwait\n")
    path.chmod(0o755)
    return str(path)


def alive(tmp_path: Path) -> list[str]:
    """Which of its processes still are, the dead that nobody fetched aside."""
    found = []
    for pid in (tmp_path / "pids").read_text().split():
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.append(pid)
    return found


def assert_gone(tmp_path: Path) -> None:
    """Nothing of it is left; the kernel takes a moment."""
    deadline = time.monotonic() + 5
    while alive(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(tmp_path) == []


def test_a_renderer_that_hangs_is_killed_with_all_it_started(tmp_path):
    began = time.monotonic()
    with pytest.raises(LimitExceeded):
        render_pdf(of(sample()), {}, timeout=1.5, binary=hanging(tmp_path))
    assert time.monotonic() - began < 20
    assert_gone(tmp_path)


def test_one_that_is_stopped_ends_at_once(tmp_path):
    binary = hanging(tmp_path)
    with pytest.raises(Conflict) as raised:
        render_pdf(of(sample()), {}, stopped=(tmp_path / "pids").exists, binary=binary)
    assert raised.value.code == "cancelled"
    assert_gone(tmp_path)


def test_without_the_renderer_it_says_which_package(monkeypatch):
    monkeypatch.setattr(setting.shutil, "which", lambda _: None)
    with pytest.raises(StoreUnavailable, match="wkhtmltopdf"):
        render_pdf(of(sample()), {})


def test_nothing_of_the_data_is_markup():
    """What the renderer is given holds no element that the data brought."""
    evil = of(hostile(*PAYLOADS), title="<script>window.__x=1</script>")
    for page in (chapter_page(evil.chapters[0], {}), front_page(evil, [1])):
        for bad in ("<script", "<iframe", "<svg", "<object", "<link", "<base", "onerror=window.__x=1>", "<meta name"):
            assert bad not in page


def text_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()
