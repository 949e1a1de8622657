"""What do the answers of a policy say, from step to step?"""

from pages.parts import guard, screen
from pages.parts.rollouts import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
