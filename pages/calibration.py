"""Is this reward model or judge calibrated, where not, and what repairs it?"""

from pages.parts import guard, screen
from pages.parts.calibration import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
