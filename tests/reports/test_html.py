"""The HTML report: complete, self-contained, the same bytes each time, and inert whatever the data say."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from engine.reports.html import render
from tests.hostile import PAYLOADS
from tests.reports.payloads import hostile
from tests.reports.sample import sample


class Reader(HTMLParser):
    """Collects elements, attributes and text as a browser would see them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.scripts, self.text = [], [], [], []
        self._open = ""

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._open = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        if self._open == "script":
            self.scripts[-1] += data
        else:
            self.text.append(data)


def read(page: bytes) -> Reader:
    reader = Reader()
    reader.feed(page.decode())
    return reader


def test_everything_of_the_result_is_on_the_page():
    result = sample()
    text = " ".join(read(render(result)).text)
    assert result.sentence in text
    for expected in (
        "0.1100",
        "[0.0900, 0.1300]",
        "calibration_error",
        "Where rain falls",
        "model’s choice",
        "label’s choice",
    ):
        assert expected in text
    assert "temperature: temperature = 1.700, held-out calibration error 0.020 [0.000, 0.050]" in text
    assert result.evidence.command in text
    assert result.evidence.sha256 in text
    assert result.warnings[0].message in text


def test_the_diagram_has_its_table_twin():
    reader = read(render(sample()))
    figures = json.loads(reader.scripts[0])
    assert set(figures) == {"light", "dark"}
    assert set(figures["light"]) == {"reliability", "slices"}
    assert figures["light"] != figures["dark"]
    assert not re.search(r'"\$[a-z]', reader.scripts[0]), "a colour token was left unpainted"
    assert "The same as a table" in " ".join(reader.text)
    assert reader.elements.count("td") > 30


def test_self_contained():
    reader = read(render(sample()))
    addresses = [value for _, name, value in reader.attributes if name in {"src", "href", "action", "srcset", "data"}]
    assert addresses == []
    assert "link" not in reader.elements
    policy = next(value for _, name, value in reader.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert policy.count("sha256-") == 2


def test_same_result_same_bytes():
    assert render(sample()) == render(sample())


def test_same_bytes_in_another_process_time_zone_and_locale():
    code = (
        "import hashlib; from engine.reports.html import render; from tests.reports.sample import sample; "
        "print(hashlib.sha256(render(sample())).hexdigest())"
    )
    strange = {**os.environ, "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=strange, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == hashlib.sha256(render(sample())).hexdigest()


def test_empty_result_is_a_page_without_scripts():
    bare = replace(sample(), pictures={}, pairs=[], slices=[], recalibrators=[], warnings=[])
    reader = read(render(bare))
    assert reader.scripts == []
    assert "table" in reader.elements


def test_what_has_a_name_is_a_table():
    items = [{"item": "<b>alpha</b>", "value": 1041.5, "best": True}, {"item": "beta", "value": 958.5}]
    page = render(replace(sample(), analysis="unknown", items=items))
    text = " ".join(read(page).text)
    assert "<b>alpha</b>" in text
    assert "1041.5000" in text
    assert "By name" in text
    assert b"<b>alpha" not in page


def test_score_rows_are_shown_as_items():
    items = [{"row_hash": 7, "value": 0.99, "truth": 0.0, "text": "an answer", "confidence": 0.99, "source_line": 3}]
    text = " ".join(read(render(replace(sample(), pairs=[], items=items))).text)
    assert "an answer" in text
    assert "truth 0.000" in text


def test_not_finite_numbers_are_shown_as_none():
    result = sample()
    estimates = {**result.estimates, "nll": replace(result.estimates["accuracy"], value=float("inf"), low=float("nan"))}
    page = render(replace(result, estimates=estimates)).decode()
    assert not re.search(r"\b(inf|nan)\b", re.sub(r"<script>.*?</script>", "", page, flags=re.S), flags=re.I)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text(payload):
    harmless, attacked = read(render(hostile("harmless"))), read(render(hostile(payload)))
    assert attacked.elements == harmless.elements
    assert [(tag, name) for tag, name, _ in attacked.attributes] == [
        (tag, name) for tag, name, _ in harmless.attributes
    ]
    assert attacked.scripts[1:] == harmless.scripts[1:]
    json.loads(attacked.scripts[0])
    shown = "".join(attacked.text)
    assert shown.count(payload) >= 8 or "\r" in payload or "\0" in payload


def test_there_are_sixty_payloads():
    assert len(set(PAYLOADS)) >= 60
