"""Do the ways to keep membranes keep what walking the calls one by one does, at any width?"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.workload import load_workload
from lifsim.graph.states import State, states_of
from lifsim.keeping import KEEPINGS, CallsOnState
from lifsim.keeping.undoing import forgotten_bits, undoable_calls
from lifsim.model.sharing import Sharing
from lifsim.neurons import NEURONS
from lifsim.schedule.lif_memory import Together, how_kept, lif_memory, must_run_together
from tests.oracles import kept_membranes as oracle
from tests.schedule import build
from tests.schedule.test_lif_memory import network, resnet19

GROWTH = {4 / 3: 4, 2.0: 2, 8 / 7: 8}


@settings(max_examples=150, deadline=None)
@given(
    elements=st.integers(1, 5),
    lifs=st.integers(1, 3),
    channels=st.integers(1, 4),
    timesteps=st.integers(1, 6),
    bits=st.sampled_from([4, 8, 12, 16, 24, 32]),
    tau=st.sampled_from([*GROWTH]),
    major=st.booleans(),
)
def test_every_way_keeps_what_a_walk_over_the_calls_does(
    elements: int, lifs: int, channels: int, timesteps: int, bits: int, tau: float, major: bool
) -> None:
    neuron = dataclasses.replace(build.SOFT, tau=tau)
    shared = State("a", (elements,), tuple(f"lif{number}" for number in range(lifs)), 1, channels)
    forgotten = Fraction(GROWTH[tau]).numerator.bit_length() - 1
    one = oracle.Set(
        elements, 1, lifs, channels, timesteps, bits, undoable_calls(bits, GROWTH[tau]), Fraction(forgotten)
    )
    calls = CallsOnState(shared, neuron, timesteps, bits, major)
    copied, remembered = oracle.copied(one), oracle.remembered(one)
    cheaper = copied if copied.total() <= remembered.total() else remembered
    walked = {
        "stored": oracle.stored(one),
        "reversed": cheaper,
        "recomputed": oracle.recomputed(one, timestep_major=major),
    }
    for name, keeping in KEEPINGS.items():
        kept = keeping.kept(calls)
        found = {(t, lif): int(kept.bits[t, lif]) for t, lif in np.ndindex(kept.bits.shape) if kept.bits[t, lif]}
        assert found == dict(walked[name]), name
        begins = keeping.read_back(kept)
        assert begins.sum() == kept.total
        if name == "recomputed":  # what one timestep leaves, the next one begins with
            assert (begins[1:, 0] == kept.bits[:-1, -1]).all()


@pytest.mark.parametrize(("bits", "calls"), [(8, 1), (16, 4), (32, 12)])
def test_calls_that_can_be_undone_at_the_papers_tau(bits: int, calls: int) -> None:
    """Half a step, of 8 thresholds in all, grown 4^n times, moves the slope at the threshold, 1/(1 + (pi d)^2), by 1 %
    at most."""
    assert undoable_calls(bits, 4.0) == calls

    def off(undone: int) -> float:
        error = 8 / 2**bits / 2 * 4.0**undone
        return 1 - 1 / (1 + (np.pi * error) ** 2)

    assert off(calls + 1) > 0.01
    assert off(calls) <= 0.01 or calls == 1  # of 8 bits none can: a copy each


def test_what_does_not_leak_is_undone_without_loss() -> None:
    """Errors do not grow, but add up."""
    integrates = NEURONS["if"]
    assert (integrates.undoing_error(), forgotten_bits(integrates)) == (1, 0)
    assert undoable_calls(16, 1.0) == 524  # so many half steps reach the largest error


def test_bits_that_a_call_of_two_variables_forgets() -> None:
    """1 - 1/10 of the membrane and 1 - 1/5 of the current are left."""
    assert forgotten_bits(NEURONS["cuba_lif"]) == pytest.approx(-np.log2(0.9 * 0.8), abs=1e-8)


def test_hard_reset_is_not_undone_and_runs_forward_again() -> None:
    hard = dataclasses.replace(build.SOFT, reset="hard")
    assert "use recomputed" in str(KEEPINGS["reversed"].refusal(hard))
    assert KEEPINGS["stored"].refusal(hard) is KEEPINGS["recomputed"].refusal(hard) is None


def test_layers_between_two_that_share_run_with_them() -> None:
    """Layers between two positions of a stage run with them; layers that share only channels run by themselves."""
    found = network(resnet19((256, 512, 512), True))
    together = must_run_together(found, states_of(found, Sharing.parse("layer+channel2")))
    names = [lif.name for lif in found.lifs]
    assert [group.lifs for group in together] == [tuple(names[1:7]), tuple(names[7:13]), tuple(names[13:17])]
    assert must_run_together(found, states_of(found, Sharing.parse("channel2"))) == ()


@pytest.mark.parametrize(("bits", "ratio"), [(8, 3.38), (16, 5.86), (32, 10.34)])
def test_of_the_papers_ratio_less_is_left_at_few_bits(bits: int, ratio: float) -> None:
    """The paper's 21.9 at T = 5 ignores rounding errors."""
    found = load_workload("resnet19_positions_imagenet100", ["timesteps=5", "spikes={source: engine}"])
    states = states_of(found, Sharing.parse("layer+channel2"))
    memory = lif_memory(found, states, bits, 1, KEEPINGS["reversed"])
    stored = lif_memory(found, states, bits, 1).backward_baseline
    assert stored / memory.paper_backward == pytest.approx(21.905, abs=1e-3)
    assert stored / memory.backward == pytest.approx(ratio, abs=0.01)


def test_recomputed_memory_of_the_papers_network() -> None:
    """States of three stages, 65536 + 32768 + 8192 elements at 32 x 32, and u' of six calls in flight in the first."""
    found = network(resnet19((256, 512, 512), True))
    states = states_of(found, Sharing.parse("layer+channel2"))
    memory = lif_memory(found, states, 8, 3, KEEPINGS["recomputed"])
    assert memory.backward - memory.in_flight == 3 * 4 * (65536 + 32768 + 8192)
    stage = [oracle.Set(32768, 1, 3, 2, 5, 8, 1, Fraction(2))] * 2
    assert memory.in_flight == oracle.in_flight([stage], images=1) // 8 == 6 * 65536
    assert 3 * 5 * 753664 / (memory.backward - memory.in_flight) == pytest.approx(8.85, abs=5e-3)
    alone = lif_memory(found, states_of(found, Sharing.parse("channel4")), 8, 3, KEEPINGS["recomputed"])
    assert (alone.backward, alone.backward_baseline) == (0, 0)
    everything = (Together(tuple(lif.name for lif in found.lifs), 2),)
    whole = lif_memory(found, states, 8, 3, KEEPINGS["recomputed"], everything)
    assert whole.in_flight == 2 * 753664
    assert how_kept(found, states, 8, KEEPINGS["recomputed"]) == "copies"
