"""What SATA_Sim can count, and what must be refused because it would silently ignore it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import Costs
from lifsim.accounting.protocol import ACCOUNTINGS, Accounting, Asked
from lifsim.accounting.satasim.counting import count_layers
from lifsim.accounting.satasim.prices import costs_of
from lifsim.errors import Fault
from lifsim.hardware.memory import MEMORIES
from lifsim.model.arch import Arch
from lifsim.model.buffers import Buffers
from lifsim.model.network import Network
from lifsim.model.schema import known
from lifsim.note import Note


@ACCOUNTINGS.register
class SataSim(Accounting):
    """docs/satasim.md."""

    name = "satasim"
    title = "SATA_Sim's, to the letter: for cross-checks only"
    scheduled = False
    reads_spikes = False
    dataflows = ("sata",)
    notes = (
        Note(
            "counted and priced as SATA_Sim does, to the letter; sparsity is the workload's mean rate",
            "counted and priced as SATA_Sim does, to the letter",
        ),
    )

    def refusals(self, arch: Arch) -> Sequence[Iterator[tuple[str, str]]]:
        """Refuses other dataflows than its own, a memory that takes time, and what its bill of materials cannot
        express."""
        return *super().refusals(arch), _memory(arch), _components(arch), _buffers(arch)

    def faults(self, asked: Asked) -> Iterator[Fault]:
        """Refuses traces and the engine's spikes, several images, and timestep-major layers."""
        if asked.spikes == "trace":
            yield Fault("must not be given: accounting satasim counts at the workload's rates", path="trace")
        if asked.spikes == "engine":
            yield Fault("engine must be workload: accounting satasim counts at the workload's rates", path="spikes")
        if asked.batch > 1:
            yield Fault(f"{asked.batch} must be 1: accounting satasim counts one image", path="batch")
        if asked.schedule != "tick":
            yield Fault(f"{asked.schedule} must be tick: accounting satasim counts layer by layer", path="schedule")
        if asked.chunk is not None:
            yield Fault(f"{asked.chunk} must be auto: accounting satasim counts one image", path="chunk")

    def costs(self, arch: Arch) -> Costs:
        return costs_of(arch)

    def count_unscheduled(self, network: Network, arch: Arch) -> list[LayerCounts]:
        return count_layers(network, arch)


def _components(arch: Arch) -> Iterator[tuple[str, str]]:
    for index, component in enumerate(arch.components):
        if known(component, "idle", None) == "power_gated":
            rule = "must be toggles or clock_gated under accounting satasim, which knows no power gates"
            yield f"components.{index}.idle", f"power_gated {rule}"
        if known(component, "tag", None) == "membrane":
            rule = "must be lif under accounting satasim, whose LIF units have their membrane registers"
            yield f"components.{index}.tag", f"membrane {rule}"


def _buffers(arch: Arch) -> Iterator[tuple[str, str]]:
    for name in Buffers.model_fields:
        if known(getattr(arch.buffers, name), "idle", None) == "gated":
            yield f"buffers.{name}.idle", "gated must be powered under accounting satasim, which knows no power gates"


def _memory(arch: Arch) -> Iterator[tuple[str, str]]:
    if MEMORIES[arch.dram.model].waits:
        yield "dram.model", f"{arch.dram.model!r} must be ideal under accounting satasim, which knows no waiting"
