"""One layer of a run with its energy: a balanced record, and its line in layers.csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from lifsim.accounting.books import BooksError
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.energy import EnergyPj
from lifsim.accounting.prices import unused_buffers
from lifsim.accounting.records import added, as_row
from lifsim.accounting.stages import StageRecord
from lifsim.lazy_dataclass import dataclass
from lifsim.model.buffers import Buffers
from lifsim.play.bound import bound
from lifsim.play.dram import work_row


@dataclass(frozen=True)
class LayerRecord:
    """One weight layer with its LIF: counts and energy. stages: in training, the stages that they are the sum of."""

    counts: LayerCounts
    energy_pj: EnergyPj
    stages: Mapping[str, StageRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.stages and added(list(self.stages.values())) != StageRecord(
            self.counts.cycles, self.counts.ops, self.counts.dram_bytes, self.counts.sram_accesses, self.energy_pj
        ):
            raise BooksError(f"{self.counts.name}: the layer is not the sum of its stages")

    def row(self, clock_hz: int, stages: Iterable[str] = (), *, sleeps: bool = False) -> dict[str, Any]:
        """One line of layers.csv, with columns for these stages even if this layer lacks them. sleeps: whether ranks of
        the DRAM may sleep."""
        counts = self.counts
        return {
            "layer": counts.name,
            **as_row(counts.cycles, "cycles"),
            "bound": bound(counts.cycles),
            "time_s": counts.cycles.total / clock_hz,
            "pe_utilisation": counts.pe_utilisation,
            **as_row(counts.ops, "ops"),
            **as_row(counts.dram_bytes, "dram_bytes"),
            **as_row(counts.sram_accesses, "sram_accesses"),
            **({} if counts.dram is None else work_row(counts.dram, sleeps=sleeps)),
            **as_row(counts.registers, "register_accesses.membrane"),
            **as_row(self.energy_pj, "energy_pj"),
            **{name: value for stage in stages for name, value in _stage_row(stage, self.stages.get(stage))},
            "tiling": counts.tiling,
        }


def leaking(records: Sequence[LayerRecord], buffers: Buffers) -> dict[str, float]:
    """Standing energy, pJ, of each buffer that holds nothing in any of these layers and stays powered."""
    unused = unused_buffers(record.counts for record in records)
    powered = [name for name in unused if getattr(buffers, name).idle != "gated"]
    return {name: sum(getattr(one.energy_pj.buffers, name).standing for one in records) for name in powered}


def _stage_row(stage: str, record: StageRecord | None) -> Iterator[tuple[str, float]]:
    """The columns of each stage in layers.csv; 0 if a layer has nothing to do in it."""
    yield f"stages.{stage}.cycles", record.cycles.total if record else 0
    yield f"stages.{stage}.macs_effective", record.ops.macs_effective if record else 0
    yield f"stages.{stage}.dram_bytes", record.dram_bytes.total if record else 0
    yield f"stages.{stage}.energy_pj", record.energy_pj.total.total if record else 0.0
