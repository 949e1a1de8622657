"""What has moved?"""

from pages.parts import guard, screen
from pages.parts.drift import SCREEN

who = guard.enter()
screen.show(who, SCREEN)
