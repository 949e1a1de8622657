"""Which checkpoint, model or judge goes out: ship, hold, or how many labels more?"""

from pages.parts import guard, screen
from pages.parts.compare import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
