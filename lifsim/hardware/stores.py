"""The on-chip buffers without their prices: what schedules fill and what ports pass."""

from __future__ import annotations

from dataclasses import fields

from lifsim.lazy_dataclass import dataclass
from lifsim.model.buffers import Buffers


@dataclass(frozen=True)
class Store:
    """One buffer; see `config.buffers.Buffer`."""

    size_bytes: int
    banks: int
    port_bits: int
    double_buffered: bool

    @property
    def usable_bytes(self) -> int:
        """What one tile may fill: half of a double-buffered buffer."""
        return self.size_bytes // 2 if self.double_buffered else self.size_bytes


@dataclass(frozen=True)
class Stores:
    """The five buffers between array and DRAM."""

    weight: Store
    spike_in: Store
    spike_out: Store
    membrane: Store
    psum: Store

    @classmethod
    def of(cls, buffers: Buffers) -> Stores:
        """Those of an architecture."""
        names = [field.name for field in fields(Store)]
        return cls(
            **{name: Store(*(getattr(getattr(buffers, name), part) for part in names)) for name in Buffers.model_fields}
        )
