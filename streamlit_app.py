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
    shell.page("home", "Home", "home"),
    shell.page("calibration", "Calibration", "balance"),
    shell.page("ranking", "Ranking", "leaderboard"),
    shell.page("compare", "Compare", "compare_arrows"),
    shell.page("agreement", "Agreement", "groups"),
    shell.page("datasets", "Datasets", "database"),
    shell.page("runs", "Runs", "play_circle"),
    shell.page("settings", "Settings", "settings"),
]
if palette.oversees(who):
    pages.insert(-1, shell.page("people", "People", "group"))
if monitoring.watches(who):
    pages.insert(-1, shell.page("monitoring", "Monitoring", "monitor_heart"))
page = st.navigation(pages)
shell.mount_all(who)
if page.title in ALONE or places.belongs(who):
    page.run()
else:
    states.no_project()
