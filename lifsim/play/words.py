"""Figures of a run in words, a line each, as it shows itself first: totals with units, then by what they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.accounting.books import EnergyPj
from lifsim.model.arch import Arch
from lifsim.play.bound import BufferUse, Remedy
from lifsim.play.dram import DramActivity
from lifsim.play.record import LayerRecord, leaking
from lifsim.play.sleepless import sleepless
from lifsim.schedule.traffic import DramBytes
from lifsim.units import format_bytes, format_si, noun_of

_MOVED = {
    "spikes_in": "spikes",
    "spikes_out": "spikes",
    "residual": "spikes",
    "membrane_read": "membranes",
    "membrane_write": "membranes",
    "psum": "psums",
    "states_write": "kept states",
    "states_read": "kept states",
    "gradients_write": "gradients",
    "gradients_read": "gradients",
    "weight_updates": "updates",
    "optimizer_state": "updates",
    "sums_write": "sums of norms",
    "sums_read": "sums of norms",
}
"""What tensors of `DramBytes.shown` are told as; others by their names."""

MUCH_LARGER = 8
"""Times what a buffer ever holds, from where on a smaller one is proposed if it stands for MOST of the energy."""
MOST = 0.5

SHOWN = 3
"""Parts of the DRAM bytes that a line names; the rest is told as one."""


def dram_words(moved: DramBytes) -> str:
    """`14.21 MiB: weights 98.7%, spikes 1.3%`, the most first."""
    parts: dict[str, int] = {}
    for name, count in moved.shown().items():
        if name != "total" and count:
            told = _MOVED.get(name, name)
            parts[told] = parts.get(told, 0) + count
    most = sorted(parts.items(), key=lambda part: -part[1])
    if len(most) > SHOWN + 1:
        most = [*most[:SHOWN], ("other", sum(count for _, count in most[SHOWN:]))]
    shares = ", ".join(f"{name} {count / moved.total:.1%}" for name, count in most)
    return ": ".join(filter(None, (format_bytes(moved.total), shares)))


def image_words(batch: int, cycles: int, time_s: float, energy_pj: float, dram_bytes: int) -> str:
    """What an image of a batch comes to, of the figures of all."""
    moved, joule = format_bytes(dram_bytes / batch), format_si(energy_pj * 1e-12 / batch, "J")
    return f"{cycles / batch:,.0f} cycles, {format_si(time_s / batch, 's')}, {joule}, {moved} of DRAM"


def help_words(remedies: Sequence[Remedy]) -> str:
    """What would relieve a run most; empty where there is nothing."""
    first = max(remedies, key=lambda remedy: remedy.share, default=None)
    return first.brief if first else ""


def save_words(
    records: Sequence[LayerRecord],
    arch: Arch,
    energy: EnergyPj,
    did: DramActivity | None,
    uses: Mapping[str, BufferUse],
) -> str:
    """What would save the most of the `energy` of all `records`: of a DRAM that `did` so much and is awake all run, of
    a buffer that is much larger than what it holds, by its `uses`, or of those that hold nothing; empty where none of
    these costs much. Of the first two it is told what they save at most."""
    awake = sleepless(arch.dram, did, energy)
    ways = {} if awake is None else {awake.brief: awake.share if awake.saved is None else awake.saved}
    ways |= _oversized(records, arch, uses, energy.total.total)
    if leaks := {name: pj for name, pj in leaking(records, arch.buffers).items() if pj}:
        share = sum(leaks.values()) / energy.total.total
        named = f"{' and '.join(leaks)} {noun_of(len(leaks), 'buffer')}"
        ways[f"gate the unused {named}: {share:.1%} of the energy"] = share
    return max(ways, key=lambda way: ways[way], default="")


def _oversized(
    records: Sequence[LayerRecord], arch: Arch, uses: Mapping[str, BufferUse], spent_pj: float
) -> dict[str, float]:
    """A buffer that holds something, but never much of what it could, and stands for most of the energy: in words, with
    its share of it."""
    for name, use in uses.items():
        size = getattr(arch.buffers, name).size_bytes
        share = sum(getattr(one.energy_pj.buffers, name).standing for one in records) / spent_pj
        if 0 < use.peak_bytes * MUCH_LARGER <= size and share >= MOST:
            full = use.peak_bytes / size
            return {f"a smaller {name} buffer ({full:.1%} full): up to {share:.1%} of the energy": share}
    return {}
