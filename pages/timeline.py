"""How did it come to this?"""

from pages.parts import guard, timeline

who = guard.enter()
timeline.show(who)
