"""Does a function become machine code only where it runs, and is that kept for later processes?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifsim.kernels.cache import FOLDER

READ = "import sys; from lifsim.neurons import NEURONS; list(NEURONS); assert 'numba' not in sys.modules"
RUN = f"""{READ}
import numpy as np
from lifsim.engine.neurons import fire, initial_state
from lifsim.engine.workers import Workers
neuron = NEURONS['lif']
state = initial_state(neuron, (1, 1), np.float32)
print(fire(np.full((3, 1, 1), 2, np.float32), state, 3, neuron, Workers(1)).ravel().tolist())
code = neuron.compiled().fire.compiled
print(sum(code.stats.cache_hits.values()), sum(code.stats.cache_misses.values()))
"""


def _said(script: str, folder: Path) -> list[str]:
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, env=os.environ | {FOLDER: str(folder)}, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


@pytest.mark.slow
def test_neuron_models_are_read_without_a_compiler_and_compiled_once(tmp_path: Path) -> None:
    assert _said(RUN, tmp_path) == ["[1, 1, 1]", "0 1"]
    assert _said(RUN, tmp_path) == ["[1, 1, 1]", "1 0"]
