"""Does the policy hack its reward, and since when?"""

from pages.parts import guard, screen
from pages.parts.hackwatch import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
