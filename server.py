"""The web process: Streamlit inside our own ASGI app. Start it with `python server.py`.

`app.run` passes every option to Streamlit and to uvicorn; under plain `uvicorn server:app` some of them would be lost,
so the options are read back when the server starts and a missing one stops it.
"""

from __future__ import annotations

import sys

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from engine.errors import PlumblineError
from engine.settings import get_settings
from web import hosting, tuning
from web.errors import Errors, not_served, refused, script_failed
from web.gate import Gate
from web.headers import Headers
from web.lifespan import lifespan
from web.measuring import Measured
from web.routes import ROUTES

MIDDLEWARE = [Middleware(Measured), Middleware(Headers), Middleware(Errors), Middleware(Gate, settings=get_settings())]
HANDLERS = {PlumblineError: refused, HTTPException: not_served}

app = st.App(
    str(hosting.ROOT / "streamlit_app.py"),
    routes=ROUTES,
    middleware=MIDDLEWARE,
    lifespan=lifespan,
    exception_handlers=HANDLERS,
    on_script_error=script_failed,
)


def run(served: st.App) -> int:
    """Serve until SIGTERM or Ctrl-C. Returns 2, with a reason, where the settings are unsafe."""
    settings = get_settings()
    if reason := hosting.refusal(settings):
        sys.stderr.write(reason + "\n")
        return 2
    if settings.web_processes > 1:
        tuning.share_port()
    served.run(config=hosting.options(settings))
    return 0


if __name__ == "__main__":
    sys.exit(run(app))
