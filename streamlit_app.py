"""The router: who is here, which pages there are, what stands around them. Run by `server.py`."""

import streamlit as st

from engine.queries import monitoring, palette
from pages.parts import guard, places, shell, states, style

ALONE = ("Settings", "People", "Monitoring")
"""Pages that need no project."""

who = guard.enter()
st.set_page_config(page_title="Plumbline", page_icon=style.icon(), layout="wide")
st.logo(style.LOGO, size="large", icon_image=style.LOGO)
pages = [
    st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
    st.Page("pages/calibration.py", title="Calibration", icon=":material/balance:"),
    st.Page("pages/datasets.py", title="Datasets", icon=":material/database:"),
    st.Page("pages/runs.py", title="Runs", icon=":material/play_circle:"),
    st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
]
if palette.oversees(who):
    pages.insert(-1, st.Page("pages/people.py", title="People", icon=":material/group:"))
if monitoring.watches(who):
    pages.insert(-1, st.Page("pages/monitoring.py", title="Monitoring", icon=":material/monitor_heart:"))
page = st.navigation(pages)
shell.mount_all(who)
if page.title in ALONE or places.belongs(who):
    page.run()
else:
    states.no_project()
