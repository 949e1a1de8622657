"""What does choosing the best of n answers give?"""

from pages.parts import guard, screen
from pages.parts.bestofn import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
