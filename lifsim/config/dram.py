"""DRAM files into devices."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.config.device import read_device
from lifsim.config.overrides import override
from lifsim.config.validate import parse_model
from lifsim.model.dram import DramSpec


def load_dram(name: str, overrides: Sequence[str] = ()) -> DramSpec:
    """The DRAM that `name` means (``ddr4_2400``, a file), with ``key=value`` overrides. Raises InputError."""
    return parse_model(DramSpec, override(read_device(name), overrides))
