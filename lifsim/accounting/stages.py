"""A training run stage by stage: the counts of one layer, and what a stage comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lifsim.accounting.books import Cycles, Operations, SramAccesses
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.energy import EnergyPj
from lifsim.accounting.records import added
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.traffic import DramBytes
from lifsim.training.stages import Stage

Stages = Mapping[Stage, LayerCounts]
"""One layer's events by stage, in the order in which the stages run."""


def merged(stages: Stages) -> LayerCounts:
    """The sum over all stages of one layer; bits and timesteps are those of the forward stage, the tiling names that of
    every stage."""
    every = list(stages.values())
    names = ("cycles", "ops", "dram_bytes", "sram_accesses", "registers", "input_words", "port_stalls", "fill_stalls")
    sums = {name: added([getattr(counts, name) for counts in every]) for name in names}
    works = [counts.dram for counts in every if counts.dram is not None]
    running = [counts.cycles.array + counts.cycles.fill_drain for counts in every]
    used = sum(counts.pe_utilisation * cycles for counts, cycles in zip(every, running, strict=True))
    utilisation = used / sum(running) if sum(running) else 0.0
    return replace(
        stages[Stage.FORWARD],
        **sums,
        dram=added(works) if works else None,
        pe_utilisation=utilisation,
        tiling="; ".join(dict.fromkeys(counts.tiling for counts in every if counts.tiling)),
    )


@dataclass(frozen=True)
class StageRecord:
    """One stage of a layer's training, or of the whole network's."""

    cycles: Cycles
    ops: Operations
    dram_bytes: DramBytes
    sram_accesses: SramAccesses
    energy_pj: EnergyPj
