"""Stands for what draws: says that it is ready, starts a process in a session of its own, and never answers."""

import subprocess
import sys
import time

from jobs.processes import adopt_orphans

adopt_orphans()
subprocess.Popen(["sleep", "600"], start_new_session=True)
sys.stdout.write('{"ready": true}\n')
sys.stdout.flush()
time.sleep(600)
