"""The on-chip buffers without their prices: what schedules fill and what ports pass."""

from __future__ import annotations

from dataclasses import fields, replace

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

    def no_larger(self, size_bytes: int) -> Store:
        """The same, of which so much may be filled at most: what is filled with no more cannot tell them apart."""
        return replace(self, size_bytes=min(self.size_bytes, 2 * size_bytes if self.double_buffered else size_bytes))


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

    @property
    def of_any_size(self) -> Stores:
        """The same, of whose sizes no more is told than whether there is anything: what counts accesses and waits for
        ports reads no more of them."""
        return Stores(*(replace(store, size_bytes=min(store.size_bytes, 1)) for store in self._stores))

    @property
    def _stores(self) -> tuple[Store, ...]:
        return self.weight, self.spike_in, self.spike_out, self.membrane, self.psum
