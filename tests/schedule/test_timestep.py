"""Does a timestep-major group move exactly the bytes that the literal interpreter moves?"""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import GroupPlan, ScheduleOptions
from tests.oracles import timestep_major
from tests.schedule import build
from tests.schedule.networks import networks

SHARINGS = ["none", "layer", "channel2", "layer+channel2"]
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@st.composite
def archs(draw: st.DrawFn) -> Arch:
    sizes = st.one_of(st.integers(2, 120), st.just(build.ENDLESS))
    return build.arch(
        rows=draw(st.integers(1, 5)),
        cols=draw(st.integers(1, 3)),
        dataflow=draw(st.sampled_from(["os", "ws", "is", "sata"])),
        weight_bits=draw(st.sampled_from([1, 4, 8])),
        membrane_bits=draw(st.sampled_from([4, 8, 12])),
        double_buffered=draw(st.booleans()),
        weight=draw(st.one_of(st.integers(2, 400), st.just(build.ENDLESS))),
        spike_in=draw(sizes),
        spike_out=draw(sizes),
        membrane=draw(sizes),
        psum=draw(sizes),
    )


def planned(network: Network, sharing: Sharing, arch: Arch, options: ScheduleOptions) -> list[GroupPlan]:
    return list(plan(network, sharing, arch, options).groups)


def moved(group: GroupPlan) -> dict[str, dict[str, int]]:
    """By layer and tensor, what is not zero."""
    return {layer.layer: {name: size for name, size in vars(layer.dram).items() if size} for layer in group.layers}


@settings(QUIET, max_examples=100)
@given(networks(), st.sampled_from(SHARINGS), archs(), st.integers(1, 2), st.integers(1, 2), st.data())
def test_equals_the_literal_interpreter(
    network: Network, name: str, arch: Arch, chunk: int, chunks: int, data: st.DataObject
) -> None:
    sharing = Sharing.parse(name)
    schedule = data.draw(st.sampled_from(["tick", "timestep"]))
    options = ScheduleOptions(schedule, batch=chunk * chunks, chunk=chunk)
    groups = [group for group in planned(network, sharing, arch, options) if not group.tick_batched]
    assume(groups)
    for group in groups:
        walked = timestep_major.walk(network, sharing, arch, group, options.batch)
        counted = {layer: {key: size for key, size in sizes.items() if size} for layer, sizes in walked.items()}
        assert moved(group) == counted
