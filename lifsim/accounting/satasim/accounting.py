"""What SATA_Sim can count, and what must be refused because it would silently ignore it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import Costs
from lifsim.accounting.protocol import ACCOUNTINGS, Accounting
from lifsim.accounting.satasim.counting import count_layers
from lifsim.accounting.satasim.prices import costs_of
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
        """Also what its bill of materials cannot express."""
        return *super().refusals(arch), _components(arch), _buffers(arch)

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
