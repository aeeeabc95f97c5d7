"""Is nothing counted where nothing was done, and what a price does not know free?"""

from __future__ import annotations

from dataclasses import astuple

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.counts import DramCounts, DramWork
from lifsim.hardware.dram.energy import DramEnergy, energy_pj
from lifsim.model.dram import DramSpec


def test_commands_of_no_channel_are_none() -> None:
    assert astuple(DramCounts.sum([])) == (0, 0, 0, 0, 0, 0)


def test_a_price_a_bit_knows_transfers_alone() -> None:
    """Five bursts at 2 pJ a bit."""
    spec = load_dram("ddr4_2400")
    priced = DramSpec.model_validate(spec.model_dump() | {"energy": {"model": "per_bit", "pj_per_bit": 2.0}})
    found = energy_pj(priced, DramWork(3, 4, 1, 2, 1, 100, 50))
    transfer = 5 * spec.organisation.burst_bytes * 8 * 2.0
    assert found == DramEnergy(transfer=transfer)
    assert astuple(found) == (0, 0, 0, 0, 0, transfer)
