"""Architecture files into architectures: read, override, check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from lifsim.config.device import with_device
from lifsim.config.document import Document, read_document
from lifsim.config.resolve import find
from lifsim.config.validate import parse_model
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
