"""A file of another tool as LIFSim's, and what is to be said about the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lifsim.config.document import Mark
from lifsim.config.key_path import KeyPath
from lifsim.errors import Fault
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Imported:
    """What a file of another tool became.

    data: a document of LIFSim's as plain data. notes: each statement of the file that is not taken over, or is read
    otherwise than its words might be, with its place. places: where in that file a key of `data` comes from, as far as
    that is known.
    """

    data: dict[str, Any]
    notes: tuple[Fault, ...] = ()
    places: Mapping[KeyPath, Mark] = field(default_factory=dict)
