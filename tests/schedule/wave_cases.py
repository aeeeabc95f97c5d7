"""Groups in waves, in any waves that there are, and what the literal interpreter moves in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from lifsim.errors import Fault
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.schedule.waves.plan import WavesAsked, planned, wave_groups
from lifsim.schedule.window import Window
from tests.schedule import build
from tests.schedule.loop_order import is_plain, walked
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import facts_on
from tests.schedule.wave_networks import grouped_networks, wave_networks

UNSHARED = ["none", "channel2-where-possible"]
CHAINED = ["none", "channel2", "channel3", "channel4"]
SHARED = ["layer-where-possible", "layer+channel2-where-possible"]
SEVERAL = st.integers(2, 5)
SIZES = st.one_of(st.integers(2, 120), st.just(build.ENDLESS))


@dataclass(frozen=True)
class Case:
    """A group of a network that runs in waves, in chunks of so many of the images."""

    network: Network
    sharing: Sharing
    arch: Arch
    batch: int
    group: GroupPlan

    @property
    def plan(self) -> Plan:
        """Of this group alone."""
        return Plan((self.group,), facts_on(self.network, self.sharing, self.arch), Chip.of(self.arch))

    def differences(self, *, grouped: bool = False) -> Iterator[str]:
        """Bytes, by layer and tensor, that the interpreter moves otherwise; it knows no partial sums. None of a group
        that it does not know. Raises IllegalOrderError."""
        if is_plain(self.network, self.group, grouped=grouped):
            walker = walked(self.network, self.sharing, self.arch, self.group, self.batch)
            for index, traffic in zip(self.group.indices, self.group.layers, strict=True):
                moved = {key: size for key, size in walker.moved[self.network.layers[index].name].items() if size}
                counted = {key: size for key, size in vars(traffic.dram).items() if size and not key.startswith("psum")}
                if counted != moved:
                    yield f"{traffic.layer}: {counted}, walked {moved}"


@st.composite
def cases(draw: st.DrawFn, kind: str, flows: tuple[str, ...] = ("os",), *, whole: bool = False) -> Case | None:
    """A group in any waves for which there is room, not in the best alone; None: there is none. flows: dataflows of the
    array, beside a small psum buffer where PEs do not sum up. whole: all of a network, in several windows."""
    if kind == "grouped":
        network = draw(grouped_networks(SEVERAL))
    elif kind == "fused":
        network = draw(st.one_of(networks(SEVERAL), wave_networks(SEVERAL), wave_networks(SEVERAL)))
    else:
        network = draw(st.one_of(relay_networks(SEVERAL), wave_networks(SEVERAL, alike=True)))
    sharing = Sharing.parse(draw(st.sampled_from({"fused": UNSHARED, "skewed": SHARED, "grouped": CHAINED}[kind])))
    sizes = [draw(SIZES) for _ in range(4)]
    if kind == "grouped":  # of a row of its inputs the interpreter reads all
        sizes, kind = (
            [draw(st.one_of(st.integers(60, 400), st.just(build.ENDLESS))), build.ENDLESS, *sizes[2:]],
            "fused",
        )
    flow = draw(st.sampled_from(flows))
    psum = build.ENDLESS if flow == "os" else draw(st.integers(8, 80))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    arch = build.arch(*shape, flow, *sizes, psum, membrane_bits=8)
    images, timesteps = draw(st.integers(1, 2)), draw(st.integers(2, max(2, network.timesteps - whole)))
    batch, window = images * draw(st.integers(1, 2)), Window(timesteps, kind).across(network.timesteps)
    facts, states = facts_on(network, sharing, arch), states_of(network, sharing)
    if kind == "fused":
        first = draw(st.integers(0, max(0, len(network.layers) - 2)))
        last = draw(st.integers(min(first + 1, len(network.layers) - 1), len(network.layers) - 1))
        first, last = (0, len(network.layers) - 1) if whole else (first, last)
    else:
        spans = [(state.layers[0], state.layers[-1]) for state in facts.states if len(state.layers) > 1]
        spans = [span for span in spans if not whole or span == (0, len(network.layers) - 1)]
        if not spans:
            return None
        first, last = draw(st.sampled_from(spans))
    channels = tuple(channels_by_layer(network, states))
    groups = wave_groups(WavesAsked(facts, Chip.of(arch), first, last, batch, images, channels), window)
    if isinstance(groups, Fault):
        return None
    group = draw(st.sampled_from([one for one in groups if not isinstance(one, BandGroup)]))  # tests/schedule/bands.py
    legal = list(filter(None, (group.cost(waves, float("inf")) for waves in group.candidates)))
    return Case(network, sharing, arch, batch, planned(group, draw(st.sampled_from(legal)))) if legal else None
