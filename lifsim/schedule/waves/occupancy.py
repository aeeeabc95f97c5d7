"""How full a group in waves makes each buffer: what stays, and what its fullest turn has at work."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.schedule.chip import BufferBytes, Chip
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import working_set_bytes
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.bands.reads import BandReads
from lifsim.schedule.waves.bands.spikes import BandSpikes
from lifsim.schedule.waves.bands.turned import turned
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.spikes import most_waiting
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Skewed


def wave_peak(facts: NetworkFacts, chip: Chip, group: GroupPlan) -> BufferBytes:
    """The most bytes of each buffer, of a whole chunk. What does not fit streams through."""
    residency, images = group.residency, group.images
    if residency is None:
        raise ValueError("a group in waves must have a residency")
    members = [facts.layers[index] for index in group.indices]
    pinned = [traffic.tiling.resident_weight_bytes for traffic in group.layers]
    all_stay = pinned == [layer.weight_bytes for layer in members]
    lengths = {end - first for first, end in group.window.spans(facts.timesteps)}
    spikes = [_spikes(facts, chip, group, timesteps) for timesteps in lengths]
    return BufferBytes(
        weight=sum(pinned) + (0 if all_stay else residency.weight_region),
        spike_in=max(came for came, _ in spikes),
        spike_out=images * max(waiting for _, waiting in spikes),
        membrane=sum(residency.permanent.values()) + residency.transient + residency.reserved,
        psum=max(_psums(facts, chip, group)) + _currents(facts, group, members),
    )


def _spikes(facts: NetworkFacts, chip: Chip, group: GroupPlan, timesteps: int) -> tuple[int, int]:
    """Bytes of spike_in, and of spike_out of an image, in a window of so many timesteps."""
    waves, rows = group.in_waves, GroupRows(facts, group.first, group.last)
    if isinstance(waves, Banded):
        across = GroupRows(turned(facts), group.first, group.last)
        reads = BandReads(rows, across, waves, timesteps, chip.room.spike_in, group.images)
        return reads.most_held, BandSpikes(rows, across, waves.sweep, timesteps).most_waiting(waves.in_band)
    turns = Turns(rows, waves, timesteps)
    return OutsideReads(turns, chip.room.spike_in, group.images).most_held, most_waiting(turns)


def _psums(facts: NetworkFacts, chip: Chip, group: GroupPlan) -> Iterator[int]:
    """Of the tiles that the array works on."""
    longest = 1 if group.in_waves.skewed else max(end - first for first, end in group.window.spans(facts.timesteps))
    for index, traffic in zip(group.indices, group.layers, strict=True):
        layer, cut = facts.layers[index].layer, traffic.tiling.cut
        store, gemm = chip.psums.of(layer, cut.chains), gemm_of(layer, cut.chains)
        yield max(working_set_bytes(tile, store, min(longest, layer.rounds)) for tile, _ in cut.tiles(gemm))


def _currents(facts: NetworkFacts, group: GroupPlan, members: list[LayerFacts]) -> int:
    """That wait, of what is computed once in a window, until its last timestep."""
    waves = group.in_waves
    if not isinstance(waves, Skewed):
        return 0
    longest = max(end - first for first, end in group.window.spans(facts.timesteps))
    rows = min(waves.map_rows, (longest - 1) * waves.skew + waves.height)
    once = (layer.layer.lif_elements // waves.map_rows for layer in members if layer.when == "first")
    return group.images * rows * sum(bytes_of(neurons * facts.reals.psum_bits) for neurons in once)
