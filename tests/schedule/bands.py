"""Groups in bands of columns, and what the literal interpreter of bands moves in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from lifsim.errors import Fault
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.model.arch import Arch
from lifsim.model.network import Layer as HardwareLayer
from lifsim.model.network import Network, Pool
from lifsim.model.sharing import Sharing
from lifsim.schedule.band_group import BandGroup
from lifsim.schedule.banded import Banded
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.wave_plan import WavesAsked, band_groups, planned, wave_groups
from lifsim.schedule.window import Window
from tests.oracles import bands
from tests.oracles.loop_order_net import Nest
from tests.oracles.loop_order_net import Window as Reach
from tests.schedule import build
from tests.schedule.loop_order import room_of
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

    def walked(self) -> bands.Walker:
        """Raises IllegalOrderError."""
        return bands.walk(net_of(self), loops_of(self), room_of(self.arch))

    def differences(self, walker: bands.Walker) -> Iterator[str]:
        """Bytes, by layer and tensor, that the interpreter moves otherwise; it knows no partial sums."""
        for index, traffic in zip(self.group.indices, self.group.layers, strict=True):
            moved = {key: size for key, size in walker.moved[self.network.layers[index].name].items() if size}
            counted = {key: size for key, size in vars(traffic.dram).items() if size and not key.startswith("psum")}
            if counted != moved:
                yield f"{traffic.layer}: {counted}, walked {moved}"


SIZES = st.one_of(st.integers(8, 600), st.just(build.ENDLESS))


@st.composite
def cases(draw: st.DrawFn, flows: tuple[str, ...] = ("os",)) -> Case | None:
    """In any bands for which there is room, not in the best alone; None: there are none."""
    drawn = draw(band_networks(st.integers(2, 4)))
    sharing = Sharing.parse(draw(st.sampled_from(SHARED)))
    flow = draw(st.sampled_from(flows))
    psum = build.ENDLESS if flow == "os" else draw(st.integers(8, 200))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    sizes = [draw(SIZES), draw(SIZES), draw(st.one_of(st.integers(60, 900), st.just(build.ENDLESS))),
             draw(st.integers(8, 200))]  # fmt: skip
    arch = build.arch(*shape, flow, *sizes, psum, membrane_bits=8)
    images, timesteps = draw(st.integers(1, 2)), draw(st.integers(2, drawn.timesteps))
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
    every = list(group.candidates())
    if not every:
        return None
    cost = group.cost(draw(st.sampled_from(every)), float("inf"))
    return None if cost is None else Case(drawn, sharing, arch, batch, planned(group, cost), group)


def net_of(case: Case) -> bands.Net:
    """The layers of a group."""
    layers = [case.network.layers[index] for index in case.group.indices]
    tensors = {t.name: t for layer in layers for t in (layer.input, *layer.residuals, *layer.outputs)}
    state = next(one for one in states_of(case.network, case.sharing) if layers[0].lif.name in one.lifs)
    return bands.Net(
        timesteps=case.network.timesteps,
        images=case.batch,
        planes={name: _plane(case, tensor) for name, tensor in tensors.items()},
        layers=tuple(_layer(case, layer) for layer in layers),
        rows=state.shape[1],
        columns=state.shape[2],
        pixel_bytes=state.shape[0],
    )


def _plane(case: Case, tensor: Any) -> bands.Plane:
    channels, rows, columns = tensor.shape
    bits = tensor.bits(case.network.input_bits if tensor.name == "input" else case.arch.precision.psum_bits)
    readers = [
        layer.index
        for layer in case.network.layers
        if tensor.name in {t.name for t in (*layer.reads, *layer.residuals)}
    ]
    leaves = not readers or any(index not in case.group.indices for index in readers)
    return bands.Plane(rows, columns, channels * bits, tensor.timesteps < case.network.timesteps, leaves)


def _layer(case: Case, layer: HardwareLayer) -> bands.Layer:
    put = case.network.node(layer.outputs[0].name)
    pool = (
        [Reach(put.kernel[a], put.stride[a], put.padding[a]) for a in (0, 1)]
        if isinstance(put, Pool)
        else [Reach(), Reach()]
    )
    return bands.Layer(
        name=layer.name,
        source=layer.input.name,
        window=tuple(Reach(layer.kernel[a], layer.stride[a], layer.padding[a]) for a in (0, 1)),
        filters=layer.filters,
        filter_bytes=-(-layer.reduction * case.arch.precision.weight_bits // 8),
        puts=put.name,
        pool=tuple(pool),
        adds=tuple(tensor.name for tensor in layer.residuals),
    )


def loops_of(case: Case) -> bands.Loops:
    """The order in which it runs."""
    group, waves = case.group, case.group.waves
    assert isinstance(waves, Banded)
    nests = {}
    for index, traffic in zip(group.indices, group.layers, strict=True):
        tiling = traffic.tiling
        rows = 1 if _streams(case.cost.layers[index - group.first], tiling, group.residency.weight_region) else None
        nests[traffic.layer] = Nest("weights", rows, tiling.filters, stays=tiling.resident_weight_bytes,
                                    at_work=group.residency.weight_region)  # fmt: skip
    return bands.Loops(
        window=group.window.timesteps or case.network.timesteps,
        height=waves.height,
        width=waves.width,
        lags=waves.lags,
        column_lags=waves.sweep.lags,
        skew=waves.skew,
        images=group.images,
        kept_rows=waves.kept_rows,
        permanent=sum(group.residency.permanent.values()),
        nests=nests,
    )


def _streams(facts: LayerFacts, tiling: Tiling, region: int) -> bool:
    """Whether a part of a tile of weights comes with every row: what it has beyond its region does not stay."""
    filters = facts.layer.group_filters
    tiles = [min(tiling.filters, filters - begin) for begin in range(0, filters, tiling.filters)]
    beyond = sum(max(tile * facts.filter_bytes - region, 0) for tile in tiles)
    return beyond > tiling.resident_weight_bytes
