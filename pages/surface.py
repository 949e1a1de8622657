"""Where is the best setting of two parameters?"""

from pages.parts import guard, screen
from pages.parts.surface import screen_for

who = guard.enter()
screen.show(who, screen_for(who))
