"""A layer's partial sums, and its currents that wait to be replayed, between chip and DRAM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product as pairs

from lifsim.hardware.array import DATAFLOWS, shape_of
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.report.explain.line import Line, plus, product
from lifsim.schedule.group import Group
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.products import dataflow_for, gemm_of
from lifsim.schedule.storage import bytes_of
from lifsim.schedule.traffic import LayerTraffic
from lifsim.units import counted


def psum_lines(
    layer: Layer, arch: Arch, plan: GroupPlan, traffic: LayerTraffic, walked: Group | None, batch: int
) -> Iterator[Line]:
    """One line, none where nothing moves. walked: the group, if it is timestep-major."""
    if not traffic.dram.psum:
        return
    terms, whys = list[str](), list[str]()
    spilled, times = _spilled(layer, arch, traffic, tick_batched=plan.tick_batched)
    if spilled:
        terms.append(f"2*{product(batch, layer.groups, times)}*({spilled})")
        whys.append(
            "out and back x images x groups, rounds and folds of a sum x what is finished together has too much"
        )
    for images, chunks in walked.chunks.sizes if walked else ():
        waiting = int(walked.replayed(images)[layer.index - plan.first]) if walked else 0
        if waiting:
            terms.append(product(chunks, layer.timesteps, waiting))
            whys.append(
                f"currents of {counted(images, 'image')} that wait to be replayed: out once, in at the other timesteps"
            )
    yield Line("psums", plus(*terms), traffic.dram.psum, "bytes", "; ".join(whys))


def _spilled(layer: Layer, arch: Arch, traffic: LayerTraffic, *, tick_batched: bool) -> tuple[str, int]:
    """Bytes that outputs finished together, of one image and group of the convolution, have too much for the psum
    buffer, empty if none; and how often they go out: once between two folds of a sum, and at every round not held
    together with the others."""
    gemm, shape = gemm_of(layer), shape_of(arch.array)
    dataflow = dataflow_for(layer, DATAFLOWS[arch.array.dataflow])
    hand_overs = dataflow.folds(gemm, shape).reductions - 1
    if dataflow.sums_in_pes or hand_overs == 0:
        return "", 0
    together = layer.rounds if tick_batched and dataflow.joins_rounds else 1
    along = 2 if layer.in_shape[1] > 1 else 1  # a 1-D signal's rows lie along its length
    rows = traffic.tiling.rows if tick_batched else 1
    smallest = min(arch.array.cols, layer.group_filters)
    tiles = pairs(
        _cut(layer.pixels, rows * layer.out_shape[along]),
        _cut(layer.group_filters, traffic.tiling.filters if tick_batched else smallest),
    )
    block = dataflow.finishes(gemm, shape)
    excess: Counter[int] = Counter()
    for pixels, filters in tiles:
        for high, wide in pairs(_cut(pixels, block.pixels or pixels), _cut(filters, block.filters or filters)):
            size = bytes_of(high * together * wide * arch.precision.psum_bits)
            excess[max(0, size - arch.buffers.psum.usable_bytes)] += 1
    return plus(
        *(product(count, size) for size, count in excess.items() if size)
    ), hand_overs * layer.rounds // together


def _cut(whole: int, size: int) -> list[int]:
    """`whole` in pieces of `size`, the last one smaller."""
    return [size] * (whole // size) + [whole % size] * (whole % size > 0)
