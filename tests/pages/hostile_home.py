"""A home in which every text that a person or a file can bring is hostile, filled by the product's own actions."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.actions import (
    channels,
    cohorts,
    datasets,
    decisions,
    favourites,
    inbox,
    mappings,
    memberships,
    notifications,
    people,
    projects,
    reports,
    runs,
    shares,
    tokens,
    views,
)
from engine.queries import shares as share_queries
from engine.settings import get_settings
from engine.types import Who
from jobs.reporting import Press, make_report
from tests.pages import samples
from tests.store.people import digest, person
from tests.web.serving import Person, register
from tests.web.sharing import answered

Row = dict[str, Any]


@dataclass
class Filled:
    """What was put where: the datasets by the page that shows them, the tokens of links and embeds, the places."""

    ada: Person
    datasets: dict[str, int] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    embeds: list[str] = field(default_factory=list)
    report: int = 0
    """A report that was made, as a page."""
    places: dict[str, int] = field(default_factory=dict)
    """How many hostile texts lie in each place."""


def fill(texts: Sequence[str]) -> Filled:
    """Put every text into every place that takes text."""
    assert share_queries  # it makes what is shared
    made = Filled(register("ada"))
    who = made.ada.who
    for page, content in files(texts).items():
        made.datasets[page] = answered(who, name=f"{texts[0]} {page}", text=content)
    home = made.datasets["calibration"]
    kept: dict[str, Callable[[int, str], object]] = {
        "dataset names": lambda n, text: (upload if n % 8 else answered)(who, name=text, text=tiny(n, text)),
        "errors of runs": lambda _, text: failed(text),
        "inbox refusals": lambda n, text: inbox.refuse("main", f"{text}.pkl", text),
        "decision titles and reasons": lambda n, text: decided(who, home, n, text, texts),
        "view names": lambda n, text: views.save(who, "main", text, "calibration", f"slice={text}"),
        "cohort names": lambda n, text: cohorts.save(who, "main", text, "label=1..1"),
        "mapping names": lambda n, text: mappings.save(who, home, text, {"slice": text}),
        "report names": lambda n, text: reported(who, home, text),
        "channel names": lambda n, text: channels.add(who, text, f"jsons://example.com/{n}"),
        "token names": lambda n, text: tokens.create(who, text, "read"),
        "project names": lambda n, text: projects.create(who, f"p{n}", text),
        "person names": lambda n, text: joined(who, n, text),
        "browser names": lambda n, text: people.open_session(who.user_id, "127.0.0.1", text),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channels, "MOST", len(texts))
        patch.setattr(reports, "MOST_WAITING", len(texts))
        for place, keep in kept.items():
            for number, text in enumerate(texts):
                keep(number, text)
            made.places[place] = len(texts)
    for number, text in enumerate(texts):
        kind, mode = ("link", "embed")[number % 2], ("live", "frozen")[number // 2 % 2]
        sites = "https://wiki.example" if kind == "embed" else ""
        of = made.datasets["ranking" if number % 4 == 0 else "calibration"]
        analysis = "ranking" if number % 4 == 0 else "calibration"
        token = shares.create(who, "main", text, analysis, [of], kind=kind, mode=mode, origins=sites)
        (made.links if kind == "link" else made.embeds).append(token)
    favourites.add(who, home)
    made.report = reports.request(who, "main", texts[0], "view", "html", [home], "calibration")
    while found := runs.claim("test", ("report",)):
        make_report(found, Press())
    while notifications.tell():
        pass
    made.places |= {"share titles": len(texts), **dict.fromkeys(IN_FILES, len(texts))}
    return made


def decided(who: Who, dataset: int, number: int, text: str, texts: Sequence[str]) -> None:
    """A decision; each other one is withdrawn again, for a reason that is as hostile."""
    made = decisions.record(who, "main", text, f"{text}\n\n{texts[number - 1]}", "calibration", [dataset])
    if number % 2:
        decisions.withdraw(who, made, text)


def upload(who: Who, *, name: str, text: str) -> None:
    """A file that waits to be read."""
    path = get_settings().uploads / digest(text)
    path.write_text(text)
    datasets.receive_upload(who, "main", name, path, digest(text), len(text))


def failed(text: str) -> None:
    """The run that waits first failed, for this reason; none may wait."""
    if found := runs.claim("test", ("read", "observe", "report")):
        runs.fail(found, {"code": "unrecognised", "message": text, "file": text, "hint": text, "line": 1})


def reported(who: Who, dataset: int, text: str) -> None:
    """A report that could not be made; the next attempt may."""
    reports.request(who, "main", text, "view", "html", [dataset], "calibration")
    failed(text)


def joined(who: Who, number: int, text: str) -> None:
    """Somebody of this name, with a role in a project."""
    memberships.put(who, "main", person(f"{text} {number}", "member").user_id, "viewer")


def tiny(number: int, text: str) -> str:
    """Four pairs with this text in them; the same nowhere else."""
    rows = ({"prompt": f"{text} {n}", "chosen": text, "rejected": f"{n} {number}", "margin": n - 1} for n in range(4))
    return "".join(json.dumps(row) + "\n" for row in rows)


# ------------------------------------------------------------------ files

IN_FILES = ("column names", "slice values", "prompts", "responses", "model names", "annotator names", "run names")


def files(texts: Sequence[str]) -> dict[str, str]:
    """A file for every page that answers, with hostile text wherever it may hold text."""
    battles = samples.battles(100, names=MODELS)
    return {
        "calibration": lines(samples.pairs(len(texts) * 4), lambda n, row: spoken(n, row, texts)),
        "ranking": lines(battles, lambda n, row: {**called(row, texts), "annotator": texts[n % 30 % len(texts)]}),
        "compare": lines(battles, lambda n, row: {**called(row, texts[12:]), "language": texts[n % 9]}),
        "agreement": lines(battles, lambda n, row: {**row, "annotator": texts[(30 + n) % len(texts)]}),
        "judge": lines(samples.verdicts(120), lambda n, row: {**row, "judge": texts[24], "model_b": texts[n % 3]}),
        "bestofn": lines(
            samples.answers(80, 4), lambda n, row: {**row, "response": texts[n % len(texts)], "model": texts[2]}
        ),
        "drift": lines(
            samples.stepped(800, 10), lambda n, row: {**row, "source": texts[n % 40], **named(n, row, texts)}
        ),
        "curves": lines(
            samples.curves(2, 80), lambda n, row: {**row, "run": texts[25 + int(row["run"][-1])], texts[28]: n}
        ),
        "overoptimisation": lines(samples.over_kl(), lambda n, row: {**row, "run": texts[29 + n % 2]}),
        "rollouts": lines(samples.rollouts(150, 75), lambda n, row: answer(n, row, texts)),
        "sweep": lines(samples.sweep(), lambda n, row: {**row, "run": f"{texts[int(row['run'][6:])]}{row['run']}"}),
    }


MODELS = tuple(f"model{number}" for number in range(12))


def called(row: Row, texts: Sequence[str]) -> Row:
    """A battle of models of other names."""
    names = dict(zip(MODELS, texts, strict=False))
    return {name: names.get(value, value) for name, value in row.items()}


def spoken(number: int, row: Row, texts: Sequence[str]) -> Row:
    """A pair with slices that have hostile names and values, and hostile prompts and answers."""
    at = itertools.cycle(range(len(texts)))
    slices = {f"{name}": texts[(next(at) + number % 3) % len(texts)] for name in texts}
    return {**row, **slices, **named(number, row, texts)}


def named(number: int, row: Row, texts: Sequence[str]) -> Row:
    """The texts of a pair."""
    here = [texts[(number + step) % len(texts)] for step in (0, 5, 11)]
    said = {"prompt_text": here[0], "response_a": here[1], "response_b": here[2]}
    return {**{name: value for name, value in row.items() if not name.startswith("text_")}, **said}


def answer(number: int, row: Row, texts: Sequence[str]) -> Row:
    """An answer of a policy."""
    text = texts[number % len(texts)]
    return {**row, "completion": f"{text} {number}", "prompt": text, "topic": texts[number % 7]}


def lines(table: str, change: Callable[[int, Row], Row]) -> str:
    """A made-up CSV as JSON lines, each row changed."""
    return "".join(
        json.dumps(change(number, numeric(row))) + "\n" for number, row in enumerate(csv.DictReader(io.StringIO(table)))
    )


def numeric(row: Mapping[str, str]) -> Row:
    return dict(_cells(row))


def _cells(row: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        try:
            yield name, float(value)
        except ValueError:
            yield name, value
