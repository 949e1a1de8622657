"""The product's server around a router and pages of two lines each: what the gate's tests need of them."""

import sys
from pathlib import Path

import streamlit as st

import server
from web.errors import script_failed
from web.lifespan import lifespan
from web.routes import ROUTES

HERE = Path(__file__).resolve().parent

app = st.App(
    str(HERE / "router.py"),
    routes=ROUTES,
    middleware=server.MIDDLEWARE,
    lifespan=lifespan,
    exception_handlers=server.HANDLERS,
    on_script_error=script_failed,
)

if __name__ == "__main__":
    sys.exit(server.run(app))
