"""`/metrics`: the readings of `engine.queries.monitoring` as Prometheus reads them, and the probe of uptime."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

import anyio
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from engine.access.internal import is_internal
from engine.catalogue import FIGURES, Figure
from engine.errors import NotEnoughData
from engine.measures import BOUNDS
from engine.queries import monitoring
from engine.queries.monitoring import Reading, Sample
from engine.settings import get_settings
from engine.types import Who
from web import view
from web.errors import answer

PREFIX: Final = "plumbline_"
SHORTEST_SECRET: Final = 16
_BOUNDS: Final = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")
_PROBER: Final = Who(0, "prober", "viewer")


async def metrics(request: Request) -> Response:
    """`GET /metrics` with the token of an operator, or with the one of `PLUMBLINE_METRICS_TOKEN_FILE`."""
    found = await anyio.to_thread.run_sync(_reading, request.state.who, _bearer(request))
    if found is None:
        return _unknown()
    return Response(await anyio.to_thread.run_sync(exposition, found), media_type=CONTENT_TYPE_LATEST)


async def probe(request: Request) -> Response:
    """`GET /metrics/probe` by the foreman: the last result, the way a page gets it; 204 while there is none.

    A dataset too small for a result is answered in time, too: nothing is wrong with the product.
    """
    if not await anyio.to_thread.run_sync(is_internal, _bearer(request)):
        return _unknown()
    dataset = await anyio.to_thread.run_sync(monitoring.newest_answered)
    if dataset is None:
        return Response(status_code=204)
    try:
        return (await view.newest(_PROBER, "", (dataset,), {}, "tokens")).respond(request, "no-store")
    except NotEnoughData:
        return Response(status_code=204)


def exposition(found: Reading) -> bytes:
    """A reading in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reading(found))
    return generate_latest(registry)


# ------------------------------------------------------------------ who may


def _reading(who: Who | None, secret: str) -> Reading | None:
    if who is not None:
        return monitoring.scraped(who)
    return monitoring.scraped_by_secret() if _is_known(secret) else None


def _is_known(secret: str) -> bool:
    file = get_settings().metrics_token_file
    known = file.read_text().strip() if file is not None and file.is_file() else ""
    return len(known) >= SHORTEST_SECRET and hmac.compare_digest(
        secret.encode("utf-8", "surrogatepass"), known.encode()
    )


def _bearer(request: Request) -> str:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def _unknown() -> Response:
    refusal = answer(401, "token_needed", "Send the token of an operator: Authorization: Bearer pl_…")
    refusal.headers["www-authenticate"] = 'Bearer realm="Plumbline"'
    return refusal


# ------------------------------------------------------------------ as Prometheus knows it


class _Reading(Collector):
    """Hands one reading to the text format of the client library."""

    def __init__(self, found: Reading) -> None:
        self._samples = monitoring.samples(found)

    def collect(self) -> Iterator[Metric]:
        """A family for each figure of the catalogue that has values."""
        for name, told in self._samples.items():
            if told:
                yield _family(FIGURES[name], told)


def _family(figure: Figure, told: list[Sample]) -> Metric:
    if figure.type == "histogram":
        histogram = HistogramMetricFamily(PREFIX + figure.name, figure.help, labels=figure.labels)
        for sample in told:
            counts = accumulate(sample.value["buckets"])
            histogram.add_metric(sample.labels, list(zip(_BOUNDS, counts, strict=True)), sample.value["sum"])
        return histogram
    kind = CounterMetricFamily if figure.type == "counter" else GaugeMetricFamily
    family = kind(PREFIX + figure.name, figure.help, labels=figure.labels)
    for sample in told:
        family.add_metric(sample.labels, sample.value)
    return family
