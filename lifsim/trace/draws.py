"""Random spikes of one tensor from the same draws for all its readers: several layers, at several rates.

Drawing takes most of the time. So the first reader draws for all, and the spikes for the others wait, one bit each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Seed = tuple[int, ...]
Spikes = NDArray[np.uint8]

WORDS = 1 << 15  # 64-bit draws made at once: what stays in a core's cache
PART = 4 * WORDS
"""Spikes that they decide."""
PART_BYTES = PART // 8
"""Bytes of such spikes while they wait, one bit each."""
AHEAD = 1 << 6
"""Words drawn ahead for spikes that a comparison of 16 bits leaves open: two are needed on average."""
WAITING_BYTES = 32 << 20
"""Most bytes of one tensor that may wait. If there are more, as for many images, each reader draws for itself."""


class Words(Protocol):
    """Random bits, as a generator of NumPy gives them."""

    def random_raw(self, size: int, /) -> NDArray[np.uint64]:
        """The next `size` words."""
        ...


def generator(seed: Seed) -> Words:
    """The words of a seed, the same on every platform."""
    return np.random.PCG64(np.random.SeedSequence(seed))


def waiting_bytes(spikes: int, readers: int) -> int:
    """Bytes that wait, for this many spikes over all images and timesteps, at the rates of these readers."""
    return spikes * readers // 8


class Drawing:
    """The spikes of a tensor of `neurons`. places: timesteps times images."""

    def __init__(self, neurons: int, places: int) -> None:
        self._neurons, self._spikes = neurons, neurons * places
        self._readers: list[tuple[float, ...]] = []
        self._waiting: dict[tuple[int, Seed], Spikes] = {}

    def reader(self, rates: tuple[float, ...]) -> int:
        """The number of a new reader, who sees spikes at these rates: one, or one per timestep."""
        self._readers.append(rates)
        return len(self._readers) - 1

    def read(self, reader: int, timestep: int, seed: Seed) -> Spikes:
        """[neurons] 0 or 1, from the draws of that seed, which belongs to a timestep and an image."""
        waiting = self._waiting.pop((reader, seed), None)
        if waiting is not None:
            return np.unpackbits(waiting, count=self._neurons)
        out = np.empty(self._neurons, np.uint8)
        for _ in self._drawn(reader, timestep, seed, _parts(out)):
            pass
        return out

    def read_parts(self, reader: int, timestep: int, seed: Seed, size: int) -> Iterator[Spikes]:
        """`read` in parts of neurons, each valid until the next: memory for a whole large map would be allocated and
        cleared by the system each time, which takes half as long as the draws."""
        waiting = self._waiting.pop((reader, seed), None)
        if waiting is not None:
            return _regrouped(_unpacked(waiting, self._neurons), size)
        return _regrouped(self._drawn(reader, timestep, seed, _reused(self._neurons)), size)

    def _drawn(self, reader: int, timestep: int, seed: Seed, parts: Iterable[Spikes]) -> Iterator[Spikes]:
        """Yield each part when it is filled. After the last one, the spikes of other readers wait for them."""
        rates = [every[timestep if len(every) > 1 else 0] for every in self._readers]
        source = _Kept(generator(seed))
        others = [other for other in range(len(rates)) if other != reader]
        if waiting_bytes(self._spikes, len(set(self._readers))) > WAITING_BYTES:
            others = []
        packed = {rates[other]: np.empty(-(-self._neurons // 8), np.uint8) for other in others}
        mine = rates[reader]
        drawn = [_filled(mine, source.again(mine), parts)]
        drawn += [
            _packing(rate, source.again(rate), bits, self._neurons) for rate, bits in packed.items() if rate != mine
        ]
        for start, (part, *_) in zip(count(0, PART_BYTES), zip(*drawn, strict=True)):
            if mine in packed:
                packed[mine][start : start + PART_BYTES] = np.packbits(part)
            yield part
        self._waiting |= {(other, seed): packed[rates[other]] for other in others}


def bernoulli(rate: float, source: Words, out: Spikes) -> None:
    """Fill `out` with ones of probability `rate`, to 2**-64."""
    for _ in _filled(rate, source, _parts(out)):
        pass


def _parts(out: Spikes) -> Iterator[Spikes]:
    return (out[start : start + PART] for start in range(0, len(out), PART))


def _reused(spikes: int) -> Iterator[Spikes]:
    """Parts of this many spikes, all in one scratch array, one after the other."""
    part = np.empty(min(PART, spikes), np.uint8)
    return (part[: spikes - start] for start in range(0, spikes, PART))


def _unpacked(bits: Spikes, spikes: int) -> Iterator[Spikes]:
    for start in range(0, len(bits), PART_BYTES):
        yield np.unpackbits(bits[start : start + PART_BYTES], count=min(PART, spikes - 8 * start))


def _regrouped(parts: Iterable[Spikes], size: int) -> Iterator[Spikes]:
    """The spikes in groups of `size`, all in one scratch array, one group after the other."""
    group, filled = np.empty(size, np.uint8), 0
    for part in parts:
        taken = 0
        while taken < len(part):
            some = part[taken : taken + size - filled]
            group[filled : filled + len(some)] = some
            taken, filled = taken + len(some), filled + len(some)
            if filled == size:
                yield group
                filled = 0
    if filled:
        yield group[:filled]


def _packing(rate: float, source: Words, bits: Spikes, spikes: int) -> Iterator[Spikes]:
    """Fill `bits` part by part with the spikes that `bernoulli` would draw."""
    filled = _filled(rate, source, _reused(spikes))
    for start, part in zip(range(0, len(bits), PART_BYTES), filled, strict=True):
        bits[start : start + PART_BYTES] = np.packbits(part)
        yield part


def _filled(rate: float, source: Words, parts: Iterable[Spikes]) -> Iterator[Spikes]:
    """Yield each part, of PART spikes or fewer for the last one, when it is filled.

    A uniform u < rate is decided by the first 16 bits of u unless they equal those of the rate; then (one draw in
    65,536) by 48 bits more. So a bit costs a quarter of a 64-bit draw.
    """
    threshold = _threshold(rate)
    head, tail = np.uint16(threshold >> 48 & 0xFFFF), np.uint64(threshold & ((1 << 48) - 1))
    for part in parts:
        if 0 < threshold < CERTAIN:
            draws = _uniform_16_bits(source, len(part))
            np.less(draws, head, out=part.view(np.bool_))
            ties = np.flatnonzero(draws == head)
            if len(ties):
                part[ties] = (source.random_raw(len(ties)) >> np.uint64(16)) < tail
        else:
            part[:] = threshold > 0
        yield part


CERTAIN = 1 << 64


def _threshold(rate: float) -> int:
    """A 64-bit draw below this number is a spike; CERTAIN for a rate of 1."""
    return round(rate * 2.0**64)


def _uniform_16_bits(source: Words, count: int) -> NDArray[np.uint16]:
    words = source.random_raw(-(-count // 4))
    return words.astype("<u8", copy=False).view("<u2")[:count]


class _Kept:
    """Words of a source for several readers that read it part by part, in turn: words that some reader still needs are
    kept. Readers are known by number, since a cycle of references would keep the words until the next garbage
    collection."""

    def __init__(self, source: Words) -> None:
        self._source = source
        self._first, self._words = 0, np.empty(0, np.uint64)
        self._read: list[int] = []

    def again(self, rate: float) -> _Again:
        """From the first word on, for spikes at that rate, which reads nothing where the rate decides them."""
        reader = _Again(self, len(self._read))
        if 0 < _threshold(rate) < CERTAIN:
            self._read.append(0)
        return reader

    def next(self, reader: int, size: int) -> NDArray[np.uint64]:
        first = self._read[reader]
        last = self._read[reader] = first + size
        missing = last - self._first - len(self._words)
        if missing > 0:
            read = min(*self._read, first)
            left = self._words[read - self._first :]
            self._first, self._words = read, np.concatenate([left, self._source.random_raw(missing + AHEAD)])
        return self._words[first - self._first : last - self._first]


class _Again:
    """Reads a source from its first word on."""

    def __init__(self, kept: _Kept, reader: int) -> None:
        self._kept, self._reader = kept, reader

    def random_raw(self, size: int, /) -> NDArray[np.uint64]:
        return self._kept.next(self._reader, size)
