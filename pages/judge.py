"""May this judge stand for people, and how many labels correct it?"""

from pages.parts import guard, screen
from pages.parts.judge import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
