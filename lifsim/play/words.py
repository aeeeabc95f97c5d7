"""Figures of a run in words, one line each, for the first screen: totals with units, then their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.accounting.energy import EnergyPj
from lifsim.model.arch import Arch
from lifsim.play.bound import BufferUse, Remedy
from lifsim.play.dram import DramActivity
from lifsim.play.record import LayerRecord, leaking
from lifsim.play.sleepless import sleepless
from lifsim.schedule.traffic import DramBytes
from lifsim.units import all_of, format_bytes, format_si, noun_of

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
"""Names shown for tensors of `DramBytes.shown`; others are shown by their own names."""

MUCH_LARGER = 8
"""A buffer this many times as large as what it ever holds is proposed to be smaller, if it takes MOST of the energy."""
MOST = 0.5

SHOWN = 3
"""Parts of the DRAM bytes that a line names; the others are summed."""


def dram_words(moved: DramBytes) -> str:
    """`14.21 MiB: weights 98.7%, spikes 1.3%`, largest share first."""
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
    """Figures per image of a batch."""
    moved, joule = format_bytes(dram_bytes / batch), format_si(energy_pj * 1e-12 / batch, "J")
    return f"{cycles / batch:,.0f} cycles, {format_si(time_s / batch, 's')}, {joule}, {moved} of DRAM"


def help_words(remedies: Sequence[Remedy]) -> str:
    """What would shorten a run most; empty if nothing would."""
    first = max(remedies, key=lambda remedy: remedy.share, default=None)
    return first.brief if first else ""


def save_words(
    records: Sequence[LayerRecord],
    arch: Arch,
    energy: EnergyPj,
    did: DramActivity | None,
    uses: Mapping[str, BufferUse],
) -> str:
    """What would save most of the `energy` of all `records`: letting a DRAM sleep that `did` this much and is awake
    during the whole run, shrinking a buffer that by its `uses` is much larger than what it holds, or gating those that
    hold nothing; empty if none of these costs much. Savings of the first two are upper bounds."""
    awake = sleepless(arch.dram, did, energy)
    ways = {} if awake is None else {awake.brief: awake.share if awake.saved is None else awake.saved}
    ways |= _oversized(records, arch, uses, energy.total.total)
    if leaks := {name: pj for name, pj in leaking(records, arch.buffers).items() if pj}:
        share = sum(leaks.values()) / energy.total.total
        named = f"{all_of(leaks)} {noun_of(len(leaks), 'buffer')}"
        ways[f"gate the unused {named}: {share:.1%} of the energy"] = share
    return max(ways, key=lambda way: ways[way], default="")


def _oversized(
    records: Sequence[LayerRecord], arch: Arch, uses: Mapping[str, BufferUse], spent_pj: float
) -> dict[str, float]:
    """A buffer that holds something, but never much of its size, and takes most of the energy: in words, with its
    share."""
    for name, use in uses.items():
        size = getattr(arch.buffers, name).size_bytes
        share = sum(getattr(one.energy_pj.buffers, name).standing for one in records) / spent_pj
        if 0 < use.peak_bytes * MUCH_LARGER <= size and share >= MOST:
            full = use.peak_bytes / size
            return {f"a smaller {name} buffer ({full:.1%} full): up to {share:.1%} of the energy": share}
    return {}
