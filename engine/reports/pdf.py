"""A document as PDF: title page, contents with true page numbers, a header and a footer on every page, an outline.

Each chapter is set by itself, so that its first page is known; what stands at the head and foot of the pages is set
once they are counted, and laid under them. Everything that comes from data passes Jinja2's autoescaping.
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from pypdf import PdfReader, PdfWriter

from engine.reports import html, setting
from engine.reports.document import Chapter, Document, image_name
from engine.reports.setting import Margins

AT_ONCE = 2
SECONDS = 60.0
CHAPTER: Margins = ("22mm", "17mm", "20mm", "17mm")
BLEED: Margins = ("0", "0", "0", "0")
MOST_SAID = 320


@dataclass(frozen=True, slots=True)
class Press:
    """What sets one page after another until a deadline, unless it is stopped."""

    deadline: float
    stopped: Callable[[], bool]
    binary: str | None

    def __call__(self, page: str, margins: Margins) -> bytes:
        """The page as PDF."""
        left = max(self.deadline - time.monotonic(), 0.0)
        return setting.set_page(page, margins, left, self.stopped, self.binary)


def render_pdf(
    document: Document,
    images: Mapping[str, bytes],
    timeout: float = SECONDS,
    stopped: Callable[[], bool] = lambda: False,
    binary: str | None = None,
) -> bytes:
    """The document as PDF. The same document and images give the same bytes.

    Args:
        document: what it says.
        images: PNG by the names of `document.figures()`; a figure without one has its words and its table.
        timeout: seconds after which the renderer is killed and LimitExceeded raised.
        stopped: asked meanwhile; once true, the renderer is killed and Conflict raised.
        binary: another program in the place of wkhtmltopdf.
    """
    press = Press(time.monotonic() + timeout, stopped, binary)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        chapters = list(pool.map(lambda one: press(chapter_page(one, images), CHAPTER), document.chapters))
    bodies = [PdfReader(io.BytesIO(body)) for body in chapters]
    front = PdfReader(io.BytesIO(press(front_page(document, [len(body.pages) for body in bodies]), BLEED)))
    return _bound(document, front, bodies)


def chapter_page(chapter: Chapter, images: Mapping[str, bytes]) -> str:
    """The HTML of a chapter."""
    drawn = [(figure, _data_of(images.get(image_name(chapter, figure)))) for figure in chapter.figures]
    return _page("report_chapter.html.jinja", chapter=chapter, figures=drawn)


def front_page(document: Document, counts: Sequence[int]) -> str:
    """The HTML of the title page, of the contents where there are several chapters, and of each page's head and foot.

    `counts` are the pages of each chapter.
    """
    first = _first_page(document)
    starts = [first + sum(counts[:place]) for place in range(len(counts))]
    total = first - 1 + sum(counts)
    return _page(
        "report_front.html.jinja",
        document=document,
        contents=list(zip(document.chapters, starts, strict=True)) if len(counts) > 1 else [],
        stamped=range(first, total + 1),
        pages=total,
        mark="data:image/svg+xml;base64," + base64.b64encode(html.asset("mark.svg").encode()).decode(),
    )


def _first_page(document: Document) -> int:
    """The page of the first chapter, after the title and the contents."""
    return 3 if len(document.chapters) > 1 else 2


def _page(template: str, **given: Any) -> str:
    style = Markup(html.asset("report.css"))  # noqa: S704 -- our own file
    return _environment().get_template(template).render(style=style, **given)


def _environment() -> Environment:
    environment = html.environment()
    environment.filters["shortened"] = lambda said: said if len(said) <= MOST_SAID else said[: MOST_SAID - 1] + "…"
    return environment


def _data_of(image: bytes | None) -> str:
    return "" if image is None else "data:image/png;base64," + base64.b64encode(image).decode()


def _bound(document: Document, front: PdfReader, bodies: Sequence[PdfReader]) -> bytes:
    """All pages as one file, with what stands at their head and foot, an outline and what they are."""
    before = _first_page(document) - 1
    writer = PdfWriter()
    for page in front.pages[:before]:
        writer.add_page(page)
    writer.add_outline_item(title=document.title, page_number=0)
    stamps = iter(front.pages[before:])
    for chapter, body in zip(document.chapters, bodies, strict=True):
        start = len(writer.pages)
        for page in body.pages:
            writer.add_page(page).merge_page(next(stamps), over=False)  # wkhtmltopdf paints its pages white
        writer.add_outline_item(title=chapter.title, page_number=start)
    made = f"D:{document.made:%Y%m%d%H%M%S}Z"
    writer.metadata = None
    writer.add_metadata(
        {
            "/Title": document.title,
            "/Author": document.by,
            "/Subject": document.kicker,
            "/Creator": "Plumbline",
            "/Producer": "Plumbline",
            "/CreationDate": made,
            "/ModDate": made,
        }
    )
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
