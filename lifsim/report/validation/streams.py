"""The request streams that DRAMsim3 was given, made anew: sequential, tiled, strided, random, short bursts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lifsim.errors import InputError, did_you_mean, shown
from lifsim.hardware.dram.requests import Requests
from lifsim.model.dram import DramSpec

WIDE = "_w8"
"""Suffix of a pattern with eight requests a cycle instead of one."""

_MIB = 1 << 20
_RANDOM_BYTES = 64 * _MIB
_TILES, _TILE_READS, _TILE_WRITES = 1024, 4096, 1024
_TILE_WRITES_FROM = 64 * _MIB
_BURST = 256
_NAMED = re.compile(r"(?P<pattern>\w+?)(_row(?P<row_bytes>\d+))?_g(?P<size>\d+)")
_GAPS = re.compile(r"g_gap(?P<thousands>\d+)k")
_RUN, _RUNS, _RUN_SPACING = 256, 64, 64

Addresses = npt.NDArray[np.uint64]


def stream(pattern: str, spec: DramSpec) -> Requests:
    """The requests of `pattern`, each of one burst of `spec`. Raises InputError for a pattern that is none."""
    base = pattern.removesuffix(WIDE)
    if base not in PATTERNS:
        raise InputError(f"pattern {shown(pattern)} must be a stream of requests{did_you_mean(base, PATTERNS)}")
    organisation = spec.organisation
    row_bytes = organisation.columns * organisation.bus_bits // 8
    addresses, is_write = PATTERNS[base](organisation.burst_bytes, row_bytes)
    arrivals = np.arange(len(addresses)) // (8 if pattern.endswith(WIDE) else 1)
    return Requests(addresses, np.ones(len(addresses), np.int64), is_write, arrivals)


def named_stream(name: str) -> Requests:
    """The requests of a stream that says itself how far apart its requests are, `b_tile4Mr1Mw_g64`, and how long the
    rows, `e_burst256_row2048_g64`; each asks for the one burst at its address. `g_gap20k`: 64 runs of 256 reads, 64
    bytes apart, and after each 20,000 cycles of nothing. Raises InputError for a name that is none."""
    if gaps := _GAPS.fullmatch(name):
        index = np.arange(_RUNS * _RUN)
        addresses, is_write = _reads(index * _RUN_SPACING)
        arrivals = index + index // _RUN * int(gaps["thousands"]) * 1000
        return Requests(addresses, np.ones(len(index), np.int64), is_write, arrivals)
    parts = _NAMED.fullmatch(name)
    if parts is None or parts["pattern"] not in PATTERNS:
        raise InputError(f"pattern {shown(name)} must be a stream of requests, such as a_seq1M_g64 or g_gap20k")
    addresses, is_write = PATTERNS[parts["pattern"]](int(parts["size"]), int(parts["row_bytes"] or 0))
    return Requests(addresses, np.ones(len(addresses), np.int64), is_write, np.arange(len(addresses)))


def _sequential(total_bytes: int, size: int) -> tuple[Addresses, npt.NDArray[np.bool_]]:
    return _reads(range(0, total_bytes, size))


def _tiles(size: int) -> tuple[Addresses, npt.NDArray[np.bool_]]:
    """Reads 4 KiB of one place and writes 1 KiB to another, 1024 times."""
    reads = np.arange(_TILES * _TILE_READS // size).reshape(_TILES, -1) * size
    writes = np.arange(_TILES * _TILE_WRITES // size).reshape(_TILES, -1) * size + _TILE_WRITES_FROM
    is_write = np.concatenate([np.zeros(reads.shape, np.bool_), np.ones(writes.shape, np.bool_)], axis=1)
    return np.concatenate([reads, writes], axis=1).ravel().astype(np.uint64), is_write.ravel()


def _random(size: int) -> tuple[Addresses, npt.NDArray[np.bool_]]:
    """65,536 places of 64 MiB, none twice."""
    return _reads(_places(12345, 65_536, size))


def _bursts(size: int, row_bytes: int) -> tuple[Addresses, npt.NDArray[np.bool_]]:
    """256 bytes from the beginning of each of 1024 rows of 64 MiB, none twice."""
    starts = np.array(_places(54321, 1024, row_bytes))
    return _reads((starts[:, None] + np.arange(0, _BURST, size)).ravel())


def _places(seed: int, number: int, align: int) -> list[int]:
    """Different aligned addresses in the order in which they are drawn."""
    draw, places = random.Random(seed), dict[int, None]()  # noqa: S311 - a pattern, not a secret
    while len(places) < number:
        places[draw.randrange(_RANDOM_BYTES) // align * align] = None
    return list(places)


def _reads(addresses: npt.ArrayLike) -> tuple[Addresses, npt.NDArray[np.bool_]]:
    found = np.asarray(addresses, np.uint64)
    return found, np.zeros(len(found), np.bool_)


PATTERNS: dict[str, Callable[[int, int], tuple[Addresses, npt.NDArray[np.bool_]]]] = {
    "a_seq1M": lambda size, _: _sequential(_MIB, size),
    "a_seq8M": lambda size, _: _sequential(8 * _MIB, size),
    "b_tile4Mr1Mw": lambda size, _: _tiles(size),
    "c_stride4K": lambda _size, _row: _reads(range(0, 16 * _MIB, 4096)),
    "d_rand64M": lambda size, _: _random(size),
    "e_burst256": _bursts,
}
"""Addresses and which are writes, of requests of so many bytes on rows of so many."""
