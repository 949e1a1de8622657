"""Where is training?"""

from pages.parts import guard, screen
from pages.parts.curves import screen_for

who = guard.enter()
screen.show(who, screen_for(who))
