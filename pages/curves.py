"""Where is training?"""

from pages.parts import guard, screen
from pages.parts.curves import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
