"""Notes on the sparsity of gradients that a training run assumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import Costs
from lifsim.hardware.array import sparsity_of
from lifsim.model.activity import Gradients
from lifsim.model.network import Network
from lifsim.note import Note
from lifsim.play.record import LayerRecord
from lifsim.training.stages import Stage
from lifsim.units import format_si


def gradient_notes(network: Network, machine: Machine, records: Sequence[LayerRecord], costs: Costs) -> Iterator[str]:
    """Where the gradient sparsities of a training run come from; if they were not measured on its network, what half
    and twice as many nonzero gradients would change."""
    gradients = network.gradients
    kind = "measured" if gradients.measured else "assumed, not measured on this network"
    zeros = f"{gradients.membrane_sparsity:.0%} of membrane and {gradients.firing_sparsity:.0%} of firing gradients"
    brief = "" if gradients.measured else f"{zeros} are taken to be zero"
    yield Note(f"{zeros} are zero ({kind}): {gradients.provenance}", brief)
    if gradients.measured:
        return
    whole = sum(record.energy_pj.total.total for record in records)
    changes = [
        f"{_joule(abs(change))} {'more' if change > 0 else 'less'} with {words} as many that are not zero"
        for words, factor in (("half", 0.5), ("twice", 2.0))
        if (change := _change_pj(gradients, factor, machine, records, costs))
    ]
    spent = " and ".join(changes) or "the same however many are zero"
    yield f"of these {_joule(whole)} the run would spend {spent}; its cycles do not depend on it"


def _joule(pj: float) -> str:
    return format_si(pj * 1e-12, "J")


def _change_pj(
    gradients: Gradients, factor: float, machine: Machine, records: Sequence[LayerRecord], costs: Costs
) -> float:
    """pJ by which energy grows with `factor` times as many nonzero gradients, at most all: products of the backward
    stage on a gated array, and the multiplier of the gradient units."""
    stages = [record.stages[Stage.BACKWARD] for record in records]
    products = sum(s.energy_pj.compute.spike_mac.operation + s.energy_pj.compute.spad.operation for s in stages)
    multiplied = sum(s.ops.pgu_multiplications for s in stages) * costs.lif.gradients.multibit_pj
    gated = products if sparsity_of(machine.array).gates else 0.0
    return gated * _grown(gradients.membrane_sparsity, factor) + multiplied * _grown(gradients.firing_sparsity, factor)


def _grown(zeros: float, factor: float) -> float:
    """The relative growth of the share of nonzero gradients."""
    left = 1 - zeros
    return min(factor, 1 / left) - 1 if left else 0.0
