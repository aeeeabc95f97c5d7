"""A layer's partial sums, and its currents that wait to be replayed, as far as they move between chip and DRAM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.report.explain.line import Line, plus, product
from lifsim.schedule.chip import Chip
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import blocks_of
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.timestep.group import Group
from lifsim.schedule.traffic import LayerTraffic
from lifsim.units import counted


def psum_lines(
    layer: Layer, arch: Arch, plan: GroupPlan, traffic: LayerTraffic, walked: Group | None, batch: int
) -> Iterator[Line]:
    """One line, or none if nothing moves. walked: the group, if it is timestep-major."""
    if not traffic.dram.psum:
        return
    terms, whys = list[str](), list[str]()
    spilled, times = _spilled(layer, arch, traffic, tick_batched=plan.tiled)
    if spilled:
        terms.append(f"2*{product(batch, layer.groups, times)}*({spilled})")
        whys.append(
            "out and back x images x groups and rounds x folds of a sum x what is finished together has too much"
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
    """For one image and one group of the convolution: the bytes by which the partial sums of outputs that are
    finished together exceed the psum buffer, times the folds of a sum between which they leave, as a term, empty if
    they fit; and how often that happens, once for every round that is not held together with others."""
    chains = traffic.tiling.cut.chains
    store = Chip.of(arch).psums.of(layer, chains)
    dataflow, gemm = store.dataflow, gemm_of(layer, chains)
    if dataflow.sums_in_pes:
        return "", 0
    together = layer.rounds if tick_batched and dataflow.joins_rounds else 1
    excess: Counter[tuple[int, int]] = Counter()
    for tile, often in traffic.tiling.cut.tiles(gemm):
        hand_overs = dataflow.folds(tile, store.shape).reductions - 1
        for high, wide, count in blocks_of(tile, dataflow.finishes(tile, store.shape)):
            size = bytes_of(high * together * wide * store.psum_bits) - store.room
            if hand_overs and size > 0:
                excess[hand_overs, size] += often * count
    terms = [product(hand_overs, count, size) for (hand_overs, size), count in excess.items()]
    return plus(*terms) if terms else "", layer.rounds // together
