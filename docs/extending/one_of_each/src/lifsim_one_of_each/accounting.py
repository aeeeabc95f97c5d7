"""LIFSim's own counts, and energy without that of DRAM."""

from __future__ import annotations

from dataclasses import replace

from lifsim.accounting.own import Own
from lifsim.accounting.prices import Costs
from lifsim.hardware.memory import PerBit
from lifsim.model.arch import Arch


class OnChip(Own):
    """To compare with papers that tell the energy of the chip alone."""

    name = "on_chip"
    title = "LIFSim's own, with the energy of the chip alone"
    notes = ("energy is the chip's alone: DRAM costs nothing",)

    def costs(self, arch: Arch) -> Costs:
        return replace(super().costs(arch), dram=PerBit(0.0))
