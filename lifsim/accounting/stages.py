"""The counts of one layer of a training run, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lifsim.accounting.books import added
from lifsim.accounting.counts import LayerCounts
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
