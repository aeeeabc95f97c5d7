"""Do gradients of shared networks show where undoing calls fails, at the bits at which an accelerator keeps states?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.state_grid import StateGrid
from lifsim.keeping.undoing import undoable_calls
from lifsim.model.sharing import Sharing
from tests.engine.build import SOFT, Builder
from tests.engine.test_gradients import drawn


def gradients(sharing: str, keeping: str, grid: StateGrid | None) -> np.ndarray:
    build = Builder((2, 6, 6), 5)
    for number in range(3):
        build.conv(f"conv{number}", 8).lif(f"lif{number}", SOFT)
    network = build.linear("fc", 3).network()
    learner = Learner(network, Sharing.parse(sharing), keeping=keeping, dtype=np.float64, grid=grid)
    weights, x, labels = drawn(network, 3)
    run = learner.forward(weights, x if network.encoding == "direct" else x.astype(np.uint8))
    found = run.backward(cross_entropy(run.outputs, labels)[1])
    return np.concatenate([found[name].ravel() for name in sorted(found)])


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other) / float(np.linalg.norm(one) * np.linalg.norm(other))


@pytest.mark.parametrize("sharing", ["layer", "layer+channel2"])
@pytest.mark.parametrize("bits", [8, 16])
def test_gradients_fail_where_more_calls_are_undone_than_the_bits_allow(sharing: str, bits: int) -> None:
    """15 or 30 calls on one state. Copies as they are charged keep the direction; twelve calls between two lose it."""
    exact = gradients(sharing, "stored", StateGrid(bits, 1))
    charged = max(undoable_calls(bits, 4.0), 2 if "channel" in sharing else 1)
    if bits > 8 or sharing == "layer":
        assert cosine(exact, gradients(sharing, "reversed", StateGrid(bits, charged))) > 0.999
    assert cosine(exact, gradients(sharing, "reversed", StateGrid(bits, 12))) < 0.98


def test_what_runs_forward_again_is_exact_at_any_width() -> None:
    for bits in (4, 8, 16):
        stored, again = (gradients("layer+channel2", name, StateGrid(bits, 1)) for name in ("stored", "recomputed"))
        assert np.array_equal(stored, again)


def test_states_are_rounded_to_the_nearest_of_their_grid_and_stay_in_it() -> None:
    """Of 4 bits and a threshold of 1: half a threshold apart, from -4 to 3.5."""
    state = (np.array([0.2, 0.3, -0.8, 9.0, -9.0]),)
    StateGrid(4, 1).round(state, SOFT)
    assert state[0].tolist() == [0.0, 0.5, -1.0, 3.5, -4.0]
