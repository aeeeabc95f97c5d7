"""Groups in bands of columns, and what the literal interpreter of bands moves in them."""

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
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.schedule.waves.plan import WavesAsked, band_groups, planned, wave_groups
from lifsim.schedule.window import Window
from tests.oracles import bands
from tests.schedule import build
from tests.schedule.legality.bands import Told
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import facts_on

SHARED = ["layer-where-possible", "layer+channel2-where-possible"]


@st.composite
def band_networks(draw: st.DrawFn, timesteps: st.SearchStrategy[int]) -> Network:
    """Two or three convolutions of eight channels and one state, in maps of rows and columns; kernels that are not
    square, adds, a pool of stride 1 between, any pool behind."""
    rows, columns, inputs = draw(st.integers(2, 6)), draw(st.integers(2, 6)), draw(st.sampled_from([1, 3, 8]))
    layers: list[Op] = []
    source, there = "input", list[str]()
    stride = draw(st.sampled_from([1, 1, 1, 2]))
    high, wide = rows * stride, columns * stride
    count = draw(st.integers(2, 3))
    for number in range(count):
        kernel = [draw(st.sampled_from([1, 3, 3, 5])) if size > 2 else draw(st.sampled_from([1, 3]))
                  for size in (rows, columns)]  # fmt: skip
        conv: Op = {"name": f"conv{number}", "op": "conv", "out": 8, "input": source, "kernel": kernel}
        steps = stride if number == 0 else 1
        layers.append(conv | {"stride": steps, "padding": [one // 2 for one in kernel]})
        if there and draw(st.booleans()):
            layers.append(
                {"name": f"add{number}", "op": "add", "inputs": [f"conv{number}", draw(st.sampled_from(there))]}
            )
        layers.append({"name": f"lif{number}", "op": "lif"})
        source, last = f"lif{number}", number == count - 1
        pool = draw(st.sampled_from([None, None, (3, 1, 1), (2, 2, 0), (3, 2, 1)] if last else [None, None, (3, 1, 1)]))
        if pool and min(rows, columns) >= 3:
            size, step, pad = pool
            layers.append({"name": f"pool{number}", "op": "max_pool", "input": source, "kernel": size, "stride": step,
                           "padding": pad})  # fmt: skip
            source = f"pool{number}"
        there.append(source)
    encoding = draw(st.sampled_from(["rate", "rate", "direct"]))
    return network(layers, (inputs, high, wide), draw(timesteps), encoding)


@dataclass(frozen=True)
class Case:
    """A group that runs in bands, in chunks of so many of the images."""

    network: Network
    sharing: Sharing
    arch: Arch
    batch: int
    group: GroupPlan
    cost: BandGroup

    @property
    def told(self) -> Told:
        """As the interpreter is told it."""
        return Told(self.network, self.sharing, Chip.of(self.arch), self.cost.facts, self.batch, self.group)

    def walked(self) -> bands.Walker:
        """Raises IllegalOrderError."""
        return self.told.walked()


SIZES = st.one_of(st.integers(8, 600), st.just(build.ENDLESS))


@st.composite
def cases(draw: st.DrawFn, flows: tuple[str, ...] = ("os",), *, several_windows: bool = False) -> Case | None:
    """In any bands for which there is room, not in the best alone; None: there are none."""
    drawn = draw(band_networks(st.integers(2 + several_windows, 4)))
    sharing = Sharing.parse(draw(st.sampled_from(SHARED)))
    flow = draw(st.sampled_from(flows))
    psum = build.ENDLESS if flow == "os" else draw(st.integers(8, 200))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    sizes = [draw(SIZES), draw(SIZES), draw(st.one_of(st.integers(60, 900), st.just(build.ENDLESS))),
             draw(st.integers(8, 200))]  # fmt: skip
    arch = build.arch(*shape, flow, *sizes, psum, membrane_bits=8)
    images, timesteps = draw(st.integers(1, 2)), draw(st.integers(2, drawn.timesteps - several_windows))
    batch, window = images * draw(st.integers(1, 2)), Window(timesteps, "skewed").across(drawn.timesteps)
    facts, states = facts_on(drawn, sharing, arch), states_of(drawn, sharing)
    spans = [(state.layers[0], state.layers[-1]) for state in facts.states if len(state.layers) > 1]
    if not spans:
        return None
    first, last = draw(st.sampled_from(spans))
    channels = tuple(channels_by_layer(drawn, states))
    asked = WavesAsked(facts, Chip.of(arch), first, last, batch, images, channels)
    banded = [] if isinstance(wave_groups(asked, window), Fault) else band_groups(asked, window)
    if not banded:
        return None
    group = draw(st.sampled_from(banded))
    every = group.candidates
    if not every:
        return None
    cost = group.cost(draw(st.sampled_from(every)), float("inf"))
    return None if cost is None else Case(drawn, sharing, arch, batch, planned(group, cost), group)


def by_hand(net: Network, arch: Arch, images: int = 1, window: int | None = None) -> Iterator[Case]:
    """Its first two layers, of one state, in all bands that there are, so many images in a chunk, in one window or in
    those of so many timesteps."""
    sharing = Sharing.parse("layer")
    states = states_of(net, sharing)
    asked = WavesAsked(
        facts_on(net, sharing, arch), Chip.of(arch), 0, 1, images, images, tuple(channels_by_layer(net, states))
    )
    for group in band_groups(asked, Window(window, "skewed").across(net.timesteps)):
        costs = [group.cost(waves, float("inf")) for waves in group.candidates]
        yield from (Case(net, sharing, arch, images, planned(group, cost), group) for cost in costs if cost is not None)


def two_layers(shape: tuple[int, int, int], first: Op, encoding: str = "rate", timesteps: int = 2) -> Network:
    """Two convolutions of eight channels, the second one 3 x 3."""
    ops: list[Op] = []
    for number, own in enumerate((first, {"kernel": 3, "padding": 1})):
        source = f"lif{number - 1}" if number else "input"
        ops += [{"name": f"conv{number}", "op": "conv", "out": 8, "input": source} | own,
                {"name": f"lif{number}", "op": "lif"}]  # fmt: skip
    return network(ops, shape, timesteps, encoding)


def narrow() -> Case:
    """On maps of 5 x 7, beside 200 bytes of membranes: some rows of a border stay, the others move."""
    net = two_layers((8, 5, 7), {"kernel": 3, "padding": 1})
    return next(case for case in by_hand(net, build.arch(membrane=200)) if 0 < case.group.in_waves.kept_rows < 5)
