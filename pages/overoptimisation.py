"""Is the policy over-optimising its reward, and how much KL is left?"""

from pages.parts import guard, screen
from pages.parts.overoptimisation import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
