"""Timeline: the answer of another analysis, step by step or day by day."""

from engine.analysis.timeline.analysis import Timeline
from engine.analysis.timeline.frames import frames_of
from engine.analysis.timeline.parameters import TimelineParameters
from engine.analysis.timeline.windows import cells_of_records

__all__ = ["Timeline", "TimelineParameters", "cells_of_records", "frames_of"]
