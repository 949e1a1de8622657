"""The router: who is here, which pages there are, what stands around them. Run by `server.py`."""

import streamlit as st

from pages.parts import guard, shell, style

who = guard.enter()
st.set_page_config(page_title="Plumbline", page_icon=style.icon(), layout="wide")
st.logo(style.LOGO, size="large", icon_image=style.LOGO)
page = st.navigation(
    [
        st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
        st.Page("pages/calibration.py", title="Calibration", icon=":material/balance:"),
        st.Page("pages/datasets.py", title="Datasets", icon=":material/database:"),
        st.Page("pages/runs.py", title="Runs", icon=":material/play_circle:"),
        st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
    ]
)
shell.mount_all(who)
page.run()
