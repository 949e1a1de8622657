"""The page of a surface: its controls, the picture in three dimensions, and what stands below."""

from __future__ import annotations

from typing import Any

from engine.figures import words
from engine.queries.surfaces import Choices
from engine.types import Concluded, DatasetView, Who
from engine.words import amount
from pages.parts import cards, location, numbers, reads, sections, trials
from pages.parts.cards import Card
from pages.parts.looking import Looking
from pages.parts.screen import Screen

X, Y, METHOD, LOG_X, LOG_Y, RESOLUTION = "x", "y", "method", "log_x", "log_y", "resolution"
CUT_X, CUT_Y, VIEW = "cut_x", "cut_y", "view"
METHODS = {"smooth": "Smooth", "exact": "Through every point", "preview": "Preview"}
SCALES = {"auto": "Scale as it fits", "on": "Logarithmic", "off": "Linear"}
RESOLUTIONS = {"200": "200 × 200", "100": "100 × 100", "500": "500 × 500"}
DEFAULTS = {
    **trials.DEFAULTS,
    X: "",
    Y: "",
    METHOD: "smooth",
    LOG_X: "auto",
    LOG_Y: "auto",
    RESOLUTION: 200,
    CUT_X: "",
    CUT_Y: "",
    location.SLICE: "",
}

READING = (
    "The metric over two parameters, drawn only within what was tried. Arrow keys turn it, + and − come nearer and "
    "further, 1 to 4 are views, R is the first one. The sliders cut it in two."
)
CONTOUR = "The same from above: dots are trials, the diamond is the best point, the dotted line is what was tried."
EFFECT = "The mean over the other parameter, with its band."


def axes(known: Choices) -> dict[str, Any]:
    """The two parameters; the one that the other has taken is not offered for both."""
    names = list(known.parameters)
    x, y = location.text(X), location.text(Y)
    usual_x = next((name for name in names if name != y), "–")
    usual_y = next((name for name in names if name != (x or usual_x)), "–")
    across = {"": usual_x, **{name: name for name in names if name not in (usual_x, y)}}
    up = {"": usual_y, **{name: name for name in names if name not in (usual_y, x or usual_x)}}
    return {X: sections.choice("Across", X, across, 190), Y: sections.choice("Up", Y, up, 190)}


def more() -> dict[str, Any]:
    """What is seldom changed."""
    with trials.more():
        found = {
            trials.BETTER: trials.better(),
            LOG_X: sections.choice("Axis across", LOG_X, SCALES),
            LOG_Y: sections.choice("Axis up", LOG_Y, SCALES),
        }
        return {**found, RESOLUTION: int(sections.choice("Fine grid", RESOLUTION, RESOLUTIONS))}


def below(looking: Looking, concluded: Concluded) -> list[Card]:
    """Every card below the answer."""
    halves = [
        sections.picture(
            f"effect_{axis}", f"{concluded.result.dataset[axis]} alone", EFFECT, looking, concluded, half=True
        )
        for axis in ("x", "y")
    ]
    return sections.pictured(
        Card(
            "surface",
            [cards.title("Surface"), cards.text(READING), cards.part("surface", "surface", scene(looking, concluded))],
        ),
        sections.newer(looking, concluded),
        sections.picture("contour", "Contours", CONTOUR, looking, concluded),
        *halves,
        next_trial(concluded),
        all_numbers(concluded),
        sections.recognised(looking.dataset, concluded.result.warnings),
        sections.evidence(concluded),
    )


def scene(looking: Looking, concluded: Concluded) -> dict[str, Any]:
    """What the picture in three dimensions is given: the coarse grid now, and where the fine one is fetched."""
    uncut = {name: value for name, value in looking.params.items() if name not in (CUT_X, CUT_Y)}
    query = location.query(looking.dataset.id, uncut, looking.defaults)
    result = concluded.result
    value, half = result.estimates["best_value"], 0.0
    picture = dict(result.pictures["surface"])
    if value.low is not None and value.high is not None:
        half = result.pictures["surface"]["spread"]
    return {
        "picture": picture,
        "spread": half,
        "tiles": f"/view/surface/tiles?{query}&version={concluded.version}",
        "resolution": int(looking.params[RESOLUTION]),
        "stamp": f"{query}@{concluded.version}",
        "cuts": {axis: result.pictures[f"cut_{other}"]["fixed"] for axis, other in (("x", "y"), ("y", "x"))},
        "shown": location.text(VIEW),
        "heading": result.sentence,
        "file": f"{looking.dataset.name}-surface-v{concluded.version}",
    }


def next_trial(concluded: Concluded) -> Card | None:
    """Where the next trial would tell most, within what was tried."""
    result = concluded.result
    found = result.estimates.get("next_value")
    if found is None:
        return None
    x, y = (words.significant(result.estimates[f"next_{axis}"].value) for axis in ("x", "y"))
    where = f"{result.dataset['x']} {x}, {result.dataset['y']} {y}"
    said = (
        f"{where}: the surface expects {numbers.said('next_value', found)} there, the best bound of all places within "
        "what was tried. Outside of it nothing is said."
    )
    return Card("next", [cards.title("What to try next"), cards.text(said)])


def all_numbers(concluded: Concluded) -> Card:
    """Every number of the answer."""
    found = concluded.result.estimates
    facts = [(numbers.label(name), numbers.said(name, one)) for name, one in found.items()]
    form = {"spline": "Penalised spline", "exact": "Through every point"}.get(str(concluded.result.dataset["form"]))
    facts.append(("Form", form or str(concluded.result.dataset["form"]).capitalize()))
    runs = amount(len(set(concluded.result.pictures["surface"]["points"]["run"])), "run")
    facts.append(("Shown", runs))
    return Card("numbers", [cards.title("All numbers"), cards.facts(facts)])


def put(value: Any) -> None:
    """What was turned, switched or cut in the picture goes into the address."""
    for name in (VIEW, CUT_X, CUT_Y):
        if isinstance(value, dict) and isinstance(value.get(name), str):
            location.set_text(name, value[name][:200])


def screen_for(who: Who) -> Screen:
    """The page of this person."""

    def controls(dataset: DatasetView) -> dict[str, Any]:
        known = reads.choices_of(who, dataset.id)
        shared = {
            **axes(known),
            **trials.shared(known.metrics),
            METHOD: sections.choice("Surface", METHOD, METHODS, 190),
        }
        return {**shared, **more(), CUT_X: location.text(CUT_X), CUT_Y: location.text(CUT_Y), location.SLICE: ""}

    return Screen(
        "surface",
        "Surface",
        DEFAULTS,
        controls,
        below,
        "runs with at least one parameter that differs between them, and a metric",
        acts={("surface", "put"): put},
    )
