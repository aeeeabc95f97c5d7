"""Does a worker that is told to end say nothing more?"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals as POSIX has them")

PANICS = """
import os, signal
from lifsim.processes.child import _end
signal.signal(signal.SIGTERM, _end)
try:
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
except SystemExit:
    os.write(2, b"thread '<unnamed>' panicked")
    print("unwound")
"""


def test_what_a_worker_says_after_it_was_told_to_end_is_not_shown() -> None:
    found = subprocess.run([sys.executable, "-c", PANICS], capture_output=True, text=True, check=True, timeout=60)
    assert (found.stdout, found.stderr) == ("unwound\n", "")
