"""Architecture files into architectures: read, override, check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from lifsim.config.device import changing, with_device
from lifsim.config.document import Document, read_document
from lifsim.config.resolve import find
from lifsim.config.validate import Examined, examine, parse_model
from lifsim.errors import Fault
from lifsim.model.arch import Arch


def load_arch(name: str, overrides: Sequence[str] = ()) -> Arch:
    """The architecture `name` (a path, or a shipped name such as ``sata128``), with ``key.path=value`` overrides.

    Raises InputError with every fault of the file and of the overrides.
    """
    return parse_arch(read_document(find("arch", name)), overrides)


def parse_arch(
    document: Document, overrides: Sequence[str] = (), devices: Mapping[str, Document] = MappingProxyType({})
) -> Arch:
    """The architecture that `document` describes, with ``key.path=value`` overrides; DRAM devices in `devices` need no
    file. Raises InputError with all its faults, those of its device included.
    """
    return parse_model(Arch, with_device(document, overrides, devices))


def examine_arch(document: Document, overrides: Sequence[str] = ()) -> tuple[Document, Examined[Arch]]:
    """`document` with the overrides and its whole device, and what it says: the valid part of an architecture with all
    faults, those that an override brings about at that override. A faulty document is read once more for each override,
    which the many points of a sweep spare themselves (`parse_arch`)."""

    def examined(settings: Sequence[str]) -> tuple[Document, Examined[Arch]]:
        whole = with_device(document, settings, {})
        return whole, examine(Arch, whole)

    whole, found = examined(overrides)
    chosen = [one for one in overrides if one not in changing(overrides)]

    def faults_under(settings: Sequence[str]) -> tuple[Fault, ...]:
        return examined([*chosen, *settings])[1].faults

    if not found.faults:
        return whole, found
    from lifsim.config.blamed import blamed

    return whole, replace(found, faults=tuple(blamed(found.faults, changing(overrides), faults_under)))
