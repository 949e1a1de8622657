"""Do the annotators agree, who of them does not, and what would be without them?"""

from pages.parts import guard, screen
from pages.parts.agreement import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
