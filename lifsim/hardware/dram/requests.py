"""Streams of DRAM requests: checked arrays, and the patterns that benchmarks use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec

MAX_CYCLE = 1 << 40
MAX_BURSTS = 1 << 30
"""Of one request: what is counted for it has 32 bits."""
CYCLE_RULE = f"must be 0 to {MAX_CYCLE}"
_SHOWN = 20


@dataclass(frozen=True)
class Requests:
    """Runs of bytes that are read or written, in the order in which they enter the controller.

    addresses: [N] uint64 first byte; sizes_bytes: [N] int64, 1 asks for the burst that holds the byte; is_write: [N]
    bool; arrival_cycles: [N] int64 DRAM cycles, the first in which each may enter. Raises InputError.
    """

    addresses: npt.NDArray[np.uint64]
    sizes_bytes: npt.NDArray[np.int64]
    is_write: npt.NDArray[np.bool_]
    arrival_cycles: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len({len(self.addresses), len(self.sizes_bytes), len(self.is_write), len(self.arrival_cycles)}) > 1:
            raise InputError("addresses, sizes_bytes, is_write and arrival_cycles must have the same length")
        cycles, sizes = self.arrival_cycles, self.sizes_bytes
        faults = _faults("arrival_cycles", cycles, (cycles < 0) | (cycles > MAX_CYCLE), CYCLE_RULE)
        faults += _faults("sizes_bytes", sizes, sizes < 1, "must be > 0")
        if faults:
            raise InputError(faults)

    def check_fit(self, spec: DramSpec) -> None:
        """Raises InputError for bytes that the DRAM does not have, and for more than MAX_BURSTS in one request."""
        highest, longest = int(self.addresses.max(initial=0)), int(self.sizes_bytes.max(initial=0))
        most = MAX_BURSTS * spec.organisation.burst_bytes
        if longest > most:
            too_long = self.sizes_bytes > most
            raise InputError(_faults("sizes_bytes", self.sizes_bytes, too_long, f"must be <= {most}; ask in parts"))
        if highest + longest <= spec.organisation.capacity_bytes:
            return  # whichever request is the longest
        capacity = np.uint64(spec.organisation.capacity_bytes)
        sizes = self.sizes_bytes.astype(np.uint64)
        beyond = (self.addresses >= capacity) | (sizes > capacity - np.minimum(self.addresses, capacity))
        faults = _faults("addresses", self.addresses, beyond, within(spec))
        if faults:
            raise InputError(faults)


def within(spec: DramSpec) -> str:
    """The rule of addresses, in words."""
    return f"must lie within the {spec.organisation.capacity_bytes} bytes of {spec.name}"


def _faults(name: str, values: npt.NDArray[np.generic], wrong: npt.NDArray[np.bool_], rule: str) -> list[Fault]:
    """The first twenty are enough to see what is wrong."""
    return [Fault(f"{values[i]} {rule}", f"{name}[{i}]") for i in np.flatnonzero(wrong)[:_SHOWN].tolist()]


def reads(addresses: npt.NDArray[np.uint64], size_bytes: int) -> Requests:
    """Reads of `size_bytes` each, all waiting from cycle 0 on."""
    count = len(addresses)
    zeros = np.zeros(count, np.int64)
    return Requests(addresses.astype(np.uint64), zeros + size_bytes, np.zeros(count, np.bool_), zeros)


def sequential(size_bytes: int) -> Requests:
    """Read `size_bytes` from address 0 on."""
    return reads(np.zeros(1, np.uint64), size_bytes)


def strided(spec: DramSpec, size_bytes: int, stride_bytes: int) -> Requests:
    """Read one burst every `stride_bytes`, `size_bytes` in all, wrapping around at the DRAM's end."""
    organisation = spec.organisation
    index = np.arange(-(-size_bytes // organisation.burst_bytes), dtype=np.uint64)
    return reads(index * np.uint64(stride_bytes) % np.uint64(organisation.capacity_bytes), 1)


def random(spec: DramSpec, size_bytes: int, span_bytes: int, seed: int) -> Requests:
    """Read bursts drawn from the first `span_bytes`, `size_bytes` in all."""
    burst = spec.organisation.burst_bytes
    drawn = np.random.default_rng(seed).integers(0, max(1, span_bytes // burst), -(-size_bytes // burst))
    return reads(drawn.astype(np.uint64) * np.uint64(burst), 1)


def tiled(spec: DramSpec, size_bytes: int, tile_bytes: int) -> Requests:
    """A layer's tiles, `size_bytes` moved in all: `tile_bytes` of input are read, then a quarter of that of output is
    written, each from its own stretch of addresses; the outputs' begins behind a quarter of the DRAM."""
    capacity = spec.organisation.capacity_bytes
    written = max(1, tile_bytes // 4)
    tiles = np.arange(max(1, -(-size_bytes // (tile_bytes + written))), dtype=np.uint64)
    addresses = np.empty((len(tiles), 2), np.uint64)
    addresses[:, 0] = tiles * np.uint64(tile_bytes) % np.uint64(capacity // 4)
    addresses[:, 1] = capacity // 4 + tiles * np.uint64(written) % np.uint64(capacity // 4)
    count = 2 * len(tiles)
    sizes = np.tile(np.array([tile_bytes, written], np.int64), len(tiles))
    return Requests(addresses.ravel(), sizes, np.arange(count) % 2 == 1, np.zeros(count, np.int64))
