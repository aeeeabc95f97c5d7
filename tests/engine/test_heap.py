"""Does a training step keep the memory of the one before it?"""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PAGES = """
import resource
import numpy as np
import lifsim
from lifsim.engine.training.backprop import Learner

network = lifsim.load_workload("digits_cnn")

def pages_of_a_step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.ones(1 << 18) for _ in range(6)]  # 12 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = [pages_of_a_step() for _ in range(4)][-1]
Learner(network, lifsim.Sharing())
print(first, [pages_of_a_step() for _ in range(4)][-1])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library decides by itself")
def test_pages_are_cleared_once() -> None:
    """12 MiB of arrays, freed and asked for again: pages of 4 KiB that the system had to give."""
    ran = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True)
    before, after = map(int, ran.stdout.split())
    assert after <= 16
    assert before > 10 * max(after, 1)
