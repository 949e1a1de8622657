"""Pure: a result becomes a figure, the same in words and the same as a table."""

from engine.figures.chart import Chart, Table
from engine.figures.course import Line, course
from engine.figures.histogram import histogram
from engine.figures.history import headline, history
from engine.figures.reliability import reliability
from engine.figures.slices import slices
from engine.figures.theme import Mode, css_variables, paint
from engine.figures.view import charts, view_of

__all__ = [
    "Chart",
    "Line",
    "Mode",
    "Table",
    "charts",
    "course",
    "css_variables",
    "headline",
    "histogram",
    "history",
    "paint",
    "reliability",
    "slices",
    "view_of",
]
