"""Does a schedule fill the buffers as far as what it keeps in them, and no further?"""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.config.arch import load_arch
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import buffer_bytes
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.plan import ScheduleOptions
from tests.oracles import timestep_major
from tests.schedule import build
from tests.schedule.networks import networks
from tests.schedule.on_arch import facts_on, plan_on
from tests.schedule.test_timestep import SHARINGS, archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
schedules = st.sampled_from(["tick", "timestep"])


@pytest.mark.slow
@settings(QUIET, max_examples=100)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(1, 2), schedules)
def test_nothing_is_fuller_than_it_may_be(network: Network, name: str, arch: Arch, batch: int, schedule: str) -> None:
    sharing = Sharing.parse(name)
    made = plan_on(network, sharing, arch, ScheduleOptions(schedule, batch))
    held, room = astuple(peak_bytes(made, batch)), astuple(buffer_bytes(arch.buffers))
    assert all(0 <= size <= limit for size, limit in zip(held, room, strict=True))
    assert min(held[:2]) > 0


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(1, 2))
def test_spikes_that_wait_are_those_that_the_literal_interpreter_keeps(
    network: Network, name: str, arch: Arch, batch: int
) -> None:
    sharing = Sharing.parse(name)
    made = plan_on(network, sharing, arch, ScheduleOptions("timestep", batch, batch))
    assume(not any(group.tick_batched for group in made.groups))
    walked = max(timestep_major.most_spikes_kept(network, sharing, arch, group, batch) for group in made.groups)
    assert peak_bytes(made, batch).spike_out == walked


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), st.sampled_from(SHARINGS), st.integers(1, 3))
def test_endless_buffers_keep_everything_that_is_used_again(network: Network, name: str, batch: int) -> None:
    """One group: all weights, the largest input of a layer, the membranes of all states, for all images at once."""
    sharing, arch = Sharing.parse(name), build.arch()
    made = plan_on(network, sharing, arch, ScheduleOptions("timestep", batch, batch))
    assume(not any(group.tick_batched for group in made.groups))
    assume(network.timesteps > 1)  # else no membrane is read again
    held, facts = peak_bytes(made, batch), facts_on(network, sharing, arch)
    assert held.weight == sum(layer.weight_bytes for layer in facts.layers)
    assert held.membrane == batch * sum(state.bytes for state in facts.states)
    inputs = [facts.tensors[layer.layer.input.name].bytes for layer in facts.layers]
    assert held.spike_in == batch * max(inputs)


def test_a_tile_and_what_stays_beside_it_fill_the_buffer_of_sata128() -> None:
    """conv2 of VGG-16 (64 x 32 x 32, T = 4): its input is exactly 32 KiB of spikes; later weights are more than fit."""
    found = lifsim.run(workload="vgg16_cifar10", overrides=("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=19GB"))
    used = found.buffers
    assert (used["weight"].peak_bytes, used["spike_in"].peak_bytes) == (144 << 10, 32 << 10)
    assert used["membrane"].peak_bytes == used["psum"].peak_bytes == 0  # both stay in the PEs


@pytest.mark.parametrize(
    ("kib", "halves", "filters"),
    [(72, False, 16), (72, True, 8), (144, True, 8), (144, False, 32)],
)
def test_half_of_a_double_buffered_buffer_holds_the_tile_at_work(kib: int, halves: bool, filters: int) -> None:
    """A filter of 512 maps has 9 * 512 bytes, so that 8 of them, as many as there are columns, fill 36 KiB: half of
    72 KiB. Of tiles that move as many bytes and take as many cycles the narrowest is taken where the next one's weights
    come meanwhile, even in half of 144 KiB; where nothing does, the fewest, which fill the buffer."""
    settings = [f"buffers.weight.double_buffered={str(halves).lower()}", f"buffers.weight.size_bytes={kib}KiB"]
    network = lifsim.run(workload="vgg16_cifar10", overrides=["dram.model=ideal"]).network
    made = plan_on(network, Sharing(), load_arch("sata128", settings), ScheduleOptions())
    assert peak_bytes(made, 1).weight == filters * 9 * 512


def test_psums_of_one_run_wait_where_the_array_holds_the_inputs() -> None:
    """Input stationary: 8 pixels side by side in the 16 x 8 array. conv2 of LeNet-5 has 150 products for the 16 rows,
    so that the sums of its 16 filters wait, 2 bytes each; of the linear layers' one pixel 120 filters at most."""
    overrides = ("array.dataflow=is", "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=19GB")
    used = lifsim.run(workload="lenet5_mnist", overrides=overrides).buffers
    assert used["psum"].peak_bytes == 8 * 16 * 2
