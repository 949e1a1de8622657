"""The tests. Ray is off unless a test asks for it: a head takes seconds and a core."""

import os

os.environ.setdefault("PLUMBLINE_RAY", "off")
