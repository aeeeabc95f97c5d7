"""A layer of a shared run compared with the same layer without sharing: which part of the difference is due to
sharing."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.lazy_dataclass import dataclass
from lifsim.play.record import LayerRecord
from lifsim.sweeps.beside import Comparison
from lifsim.units import change_text, format_si


@dataclass(frozen=True)
class Beside:
    """One figure of a layer in three runs: with sharing; without sharing, all else equal; and without sharing on the
    machine as it is."""

    quantity: str
    shared: float
    alike: float
    as_it_is: float
    unit: str

    @property
    def text(self) -> str:
        """The line as text."""
        said = [
            f"{name} {self._amount(value)}{f' ({change_text(self.shared / value - 1)})' if value else ''}"
            for name, value in (("alike", self.alike), ("as it is", self.as_it_is))
        ]
        unit = "" if self.unit == "pJ" else f" {self.unit}"
        return f"{self.quantity} {self._amount(self.shared)}{unit}; none {', none '.join(said)}"

    def _amount(self, value: float) -> str:
        """An energy with its unit."""
        return format_si(value * 1e-12, "J") if self.unit == "pJ" else f"{value:,.0f}"


def beside_head(comparison: Comparison) -> str:
    """The heading that says what the lines below it compare."""
    alike = f": none alike has {comparison.likeness}" if comparison.likeness else ": none is alike"
    return f"which part is due to sharing{alike}"


def beside_lines(comparison: Comparison, layer: int) -> Iterator[Beside]:
    """The comparisons of the layer with this index; quantities that no run has are left out."""
    runs = (comparison.shared, comparison.alike.result, comparison.machine.result)
    columns = [_figures(run.records[layer]) for run in runs]
    for (quantity, unit), shared in columns[0].items():
        alike, as_it_is = (column[quantity, unit] for column in columns[1:])
        if shared or alike or as_it_is:
            yield Beside(quantity, shared, alike, as_it_is, unit)


def _figures(record: LayerRecord) -> dict[tuple[str, str], float]:
    counts, buffer = record.counts, record.counts.accesses("membrane")
    return {
        ("time", "cycles"): counts.cycles.total,
        ("LIF waits", "cycles"): counts.cycles.lif,
        ("DRAM", "bytes"): counts.dram_bytes.total,
        ("membranes", "DRAM bytes"): counts.dram_bytes.membrane_read + counts.dram_bytes.membrane_write,
        ("membrane registers", "accesses"): counts.registers.reads + counts.registers.writes,
        ("membrane buffer", "accesses"): buffer.reads + buffer.writes,
        ("LIF units", "pJ"): record.energy_pj.compute.lif.total,
        ("energy", "pJ"): record.energy_pj.total.total,
    }
