"""How much do length and style alone explain?"""

from pages.parts import guard, screen
from pages.parts.audit import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
