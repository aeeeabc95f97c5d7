"""DRAM files into devices."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.config.device import read_device
from lifsim.config.overrides import override
from lifsim.config.validate import examine
from lifsim.errors import Fault, InputError
from lifsim.model.dram import DramSpec


def load_dram(name: str, overrides: Sequence[str] = ()) -> DramSpec:
    """The DRAM that `name` means (``ddr4_2400``, a file), with ``key=value`` overrides. Raises InputError with all
    faults: at a line of the file, or at the override that contradicts it."""
    file = read_device(name)

    def faults_under(settings: Sequence[str]) -> tuple[Fault, ...]:
        return examine(DramSpec, override(file, settings)).faults

    found = examine(DramSpec, override(file, overrides))
    if found.faults:
        from lifsim.config.blamed import blamed

        raise InputError(blamed(found.faults, overrides, faults_under))
    return found.model
