"""What each column of a file holds: said once, and used for every next file of the same columns."""

import streamlit as st

from engine.errors import PlumblineError
from engine.types import Who
from pages.parts import guard, location, naming, reads, shell, states

who = guard.enter()


def page(who: Who) -> None:
    """The columns of the dataset in the address, and what was saved in the project."""
    project = shell.project(who)
    st.title("Columns")
    wanted = location.dataset()
    if wanted is None:
        states.explain("Choose a dataset on the page Datasets, and Columns… in its menu, to say what its columns hold.")
    else:
        try:
            source = reads.source_of(who, wanted)
        except PlumblineError as error:
            states.failed(error)
        else:
            naming.show(who, source)
    naming.show_saved(who, project.slug)


page(who)
