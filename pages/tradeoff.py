"""Which checkpoint is best once KL has a price?"""

from pages.parts import guard, screen
from pages.parts.tradeoff import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
