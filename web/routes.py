"""Our own addresses; whatever is not here is Streamlit's. All of them stand behind the gate."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route, WebSocketRoute

from web import (
    account,
    assets,
    audit,
    browsing,
    export,
    index,
    journal,
    links,
    metrics,
    oidc,
    report,
    shares,
    signin,
    tiles,
    timeline,
    upload,
    view,
)
from web.api import app as api
from web.live import live

ROUTES: Final[list[BaseRoute]] = [
    Route("/signin", signin.form),
    Route("/signin/link", links.form),
    Route("/signin/link", links.redeem, methods=["POST"]),
    Route("/signin/password", account.form),
    Route("/signin/password", account.change, methods=["POST"]),
    Route("/auth/oidc/login", oidc.login),
    Route("/auth/oidc/callback", oidc.callback),
    Route("/auth/session", signin.sign_in, methods=["POST"]),
    Route("/auth/signout", signin.sign_out, methods=["POST"]),
    WebSocketRoute("/live", live),
    Route("/view/rows", view.rows),
    Route("/view/rollouts/rows", browsing.rows),
    Route("/view/rollouts/row", browsing.row),
    Route("/view/rollouts/prompt", browsing.prompt),
    Route("/view/timeline/frames", timeline.frames),
    Route("/view/surface/tiles", tiles.tiles),
    Route("/view/{analysis}", view.analysis),
    Route("/view/{analysis}/worst", view.worst),
    Route("/upload", upload.upload, methods=["PUT", "POST"]),
    Route("/export/recalibrator.json", export.recalibrator),
    Route("/export/trail.csv", audit.export),
    Route("/export/decision.json", journal.decision),
    Route("/export/journal.md", journal.export),
    Route("/export/timeline.html", timeline.export),
    Route("/export/{analysis}.{extension}", export.analysis),
    Route("/share/assets/{name:path}", shares.asset),
    Route("/share/{token}", shares.link),
    Route("/share/{token}/view", shares.link_view),
    Route("/embed/{token}", shares.embed),
    Route("/embed/{token}/view", shares.embed_view),
    Route("/share/{rest:path}", shares.nothing),
    Route("/embed/{rest:path}", shares.nothing),
    Route("/report/{number}", report.download),
    Route("/metrics", metrics.metrics),
    Route("/metrics/probe", metrics.probe),
    Route("/favicon.ico", assets.favicon),
    Route("/favicon.png", assets.favicon),
    Route("/assets/{name:path}", assets.serve),
    *api.ROUTES,
    *(Route(page, index.index) for page in index.PAGES),
]
