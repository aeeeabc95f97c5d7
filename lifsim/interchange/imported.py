"""What becomes of a file of another tool, and what there is to say about the conversion."""

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
    """The result of importing a file of another tool.

    data: the resulting document as plain data. notes: each statement of the file that is ignored, or read otherwise
    than its words suggest, with its place. places: where in that file a key of `data` comes from, as far as known.
    """

    data: dict[str, Any]
    notes: tuple[Fault, ...] = ()
    places: Mapping[KeyPath, Mark] = field(default_factory=dict)
