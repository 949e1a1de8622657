"""Which model is ahead, by how much, and which of them are not told apart?"""

from pages.parts import guard, screen
from pages.parts.ranking import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
