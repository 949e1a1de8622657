"""Which setting of a sweep is best?"""

from pages.parts import guard, screen
from pages.parts.sweep import screen_for

who = guard.enter()
screen.show(who, screen_for(who))
