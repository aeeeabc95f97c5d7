"""A file of another tool as LIFSim's, and what is to be said about the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifsim.errors import Fault


@dataclass(frozen=True)
class Imported:
    """What a file of another tool became.

    data: a document of LIFSim's as plain data. notes: each statement of the file that is not taken over, or is read
    otherwise than its words might be, with its place.
    """

    data: dict[str, Any]
    notes: tuple[Fault, ...] = ()
