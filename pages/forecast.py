"""Where will the curve be?"""

from pages.parts import guard, screen
from pages.parts.forecast import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
