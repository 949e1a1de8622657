"""What moved, since when, and how often is such an alarm false?"""

from pages.parts import guard, screen
from pages.parts.monitor import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
