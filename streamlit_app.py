"""The router: who is here, which pages there are, what stands around them. Run by `server.py`."""

import streamlit as st

from engine.queries import monitoring, palette
from pages.parts import guard, places, shell, state, states, style

ALONE = ("Settings", "People", "Monitoring", "Notifications")
"""Pages that need no project."""

who = guard.enter()
st.set_page_config(page_title="Plumbline", page_icon=style.icon(), layout="wide")
st.logo(style.LOGO, size="large", icon_image=style.LOGO)
rest = [
    shell.page("journal", "Journal", "menu_book"),
    shell.page("reports", "Reports", "description"),
    shell.page("datasets", "Datasets", "database"),
    shell.page("columns", "Columns", "view_column", listed=False),
    shell.page("runs", "Runs", "play_circle"),
    shell.page("settings", "Settings", "settings"),
    shell.page("notifications", "Notifications", "notifications", listed=False),
]
if palette.oversees(who):
    rest.insert(-1, shell.page("people", "People", "group"))
if monitoring.watches(who):
    rest.insert(-1, shell.page("monitoring", "Monitoring", "monitor_heart"))
pages = {
    "": [shell.page("home", "Home", "home")],
    "Trust": [
        shell.page("calibration", "Calibration", "balance"),
        shell.page("judge", "Judges", "gavel"),
        shell.page("audit", "Audit", "straighten"),
        shell.page("whatif", "What if", "tune"),
    ],
    "Ship": [
        shell.page("compare", "Compare", "compare_arrows"),
        shell.page("ranking", "Ranking", "leaderboard"),
        shell.page("agreement", "Agreement", "groups"),
        shell.page("bestofn", "Best of n", "filter_list"),
    ],
    "Drift": [
        shell.page("drift", "Drift", "moving"),
        shell.page("monitor", "Alarms", "notifications"),
        shell.page("timeline", "Timeline", "animation"),
    ],
    "Stop": [
        shell.page("curves", "Training curves", "show_chart"),
        shell.page("overoptimisation", "Over-optimisation", "trending_down"),
        shell.page("hackwatch", "Hack watch", "policy_alert"),
        shell.page("forecast", "Forecast", "trending_up"),
        shell.page("rollouts", "Rollouts", "forum"),
        shell.page("tradeoff", "KL trade-off", "scale"),
    ],
    "Tune": [
        shell.page("sweep", "Sweep", "tune"),
        shell.page("surface", "Surface", "landscape"),
    ],
    "Project": rest,
}
page = st.navigation(pages, expanded=True)
shell.mount_all(who, page, pages)
if page.title in ALONE or places.belongs(who):
    page.run()
else:
    states.no_project()
state.reached(page.url_path or "home")
