"""What if temperature or threshold were another?"""

from pages.parts import guard, screen
from pages.parts.whatif import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
