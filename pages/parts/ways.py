"""The pages by name, and how one gets to them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import streamlit as st

from engine.errors import PlumblineError
from engine.offered import PAGES
from engine.types import Who
from pages.parts import location, reads, state

FILES = {
    "home": "pages/home.py",
    "calibration": "pages/calibration.py",
    "ranking": "pages/ranking.py",
    "compare": "pages/compare.py",
    "agreement": "pages/agreement.py",
    "judge": "pages/judge.py",
    "bestofn": "pages/bestofn.py",
    "audit": "pages/audit.py",
    "drift": "pages/drift.py",
    "curves": "pages/curves.py",
    "tradeoff": "pages/tradeoff.py",
    "whatif": "pages/whatif.py",
    "rollouts": "pages/rollouts.py",
    "overoptimisation": "pages/overoptimisation.py",
    "forecast": "pages/forecast.py",
    "monitor": "pages/monitor.py",
    "hackwatch": "pages/hackwatch.py",
    "timeline": "pages/timeline.py",
    "sweep": "pages/sweep.py",
    "surface": "pages/surface.py",
    "journal": "pages/journal.py",
    "reports": "pages/reports.py",
    "datasets": "pages/datasets.py",
    "columns": "pages/columns.py",
    "runs": "pages/runs.py",
    "people": "pages/people.py",
    "monitoring": "pages/monitoring.py",
    "settings": "pages/settings.py",
    "notifications": "pages/notifications.py",
}
"""The pages by their name in an address."""

ANALYSES = frozenset(FILES) - {
    "home",
    "timeline",
    "journal",
    "reports",
    "datasets",
    "columns",
    "runs",
    "people",
    "monitoring",
    "settings",
    "notifications",
}
"""Those that answer with an analysis of their name."""


TITLES: Mapping[str, str] = {page: title for page, title, *_ in PAGES}
"""What the pages are called."""

QUESTIONS: Mapping[str, str] = {
    "calibration": "Is this reward model or judge calibrated, where not, and what repairs it?",
    "judge": "May this judge stand for people, and how many labels correct it?",
    "audit": "How much do length and style alone explain?",
    "whatif": "What if temperature or threshold were another?",
    "compare": "Which checkpoint, model or judge goes out: ship, hold, or how many labels more?",
    "ranking": "Which model is ahead, by how much, and which of them are not told apart?",
    "agreement": "Do the annotators agree, who of them does not, and what would be without them?",
    "bestofn": "What does choosing the best of n answers give?",
    "drift": "What has moved, and since when?",
    "monitor": "What moved, since when, and how often is such an alarm false?",
    "timeline": "How did it come to this?",
    "curves": "Where is training?",
    "overoptimisation": "Is the policy over-optimising its reward, and how much KL is left?",
    "hackwatch": "Does the policy hack its reward, and since when?",
    "forecast": "Where will the curve be?",
    "rollouts": "What do the answers of a policy say, from step to step?",
    "tradeoff": "Which checkpoint is best once KL has a price?",
    "sweep": "Which setting of a sweep is best?",
    "surface": "Where is the best setting of two parameters?",
}
"""What a page answers, for whoever has nothing on it yet."""


def open_page(name: str, query: Mapping[str, str] | None = None) -> None:
    """Go to a page of the product."""
    kept = {key: value for key, value in (query or {}).items() if key != location.PROJECT}
    state.set_out(name, kept)
    st.switch_page(FILES.get(name, FILES["home"]), query_params=kept)


def go_on(here: str) -> None:
    """Set out once more where the browser, not knowing yet that this page is left, asked for it to run again."""
    state.stand_on(here)
    if way := state.way_from(here):
        st.switch_page(FILES.get(way[0], FILES["home"]), query_params=way[1])


def open_dataset(who: Who, dataset_id: int) -> None:
    """Go to the answer of a dataset: to the page of the analysis that leads, as soon as that is known."""
    analyses: tuple[str, ...] = ()
    with suppress(PlumblineError):
        analyses = reads.dataset_of(who, dataset_id).analyses
    if not analyses:
        state.await_answer(dataset_id)
    page = next((analysis for analysis in analyses if analysis in FILES), "calibration")
    open_page(page, {"dataset": str(dataset_id)})


def page_here() -> str:
    """The name of the page in front."""
    name = urlsplit(st.context.url or "").path.strip("/")
    return name if name in FILES else "home"
