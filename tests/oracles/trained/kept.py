"""Membranes that the forward pass keeps, as they lie: of a set of membranes timestep by timestep, in each LIF by LIF,
in each the images; of a tick-batched layer image by image. Every stretch that is moved ends on a byte."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from tests.oracles import kept_membranes as oracle
from tests.oracles.trained.plain import Training, up

Place = tuple[int, int]


def set_of(training: Training, state: str, *, tick: bool) -> Counter[Place]:
    """Bits of an image by (timestep, number of the LIF)."""
    users = [layer.lif for layer in training.layers if layer.lif is not None and layer.lif.state == state]
    first, timesteps = users[0], training.timesteps
    one = oracle.Set(
        first.elements // first.channels, 1, len(users), first.channels, timesteps,
        training.machine.membrane_bits, training.undone, Fraction(training.forgotten),
    )  # fmt: skip
    if training.kept == "stored":
        return oracle.stored(one)
    if training.kept == "recomputed":
        return oracle.recomputed(one, timestep_major=not tick)
    return min(oracle.copied(one), oracle.remembered(one), key=Counter.total)


def bytes_of(training: Training, state: str, number: int, *, tick: bool, read: bool) -> int:
    """That its `number`-th LIF writes, or, of copies with which timesteps begin, finds."""
    bits = set_of(training, state, tick=tick)
    users = sum(layer.lif is not None and layer.lif.state == state for layer in training.layers)
    order = [(timestep, lif) for timestep in range(training.timesteps) for lif in range(users)]
    if read and training.kept == "recomputed":
        bits = Counter({(t, 0): bits[t - 1, users - 1] for t, _ in order if t > 0 and bits[t - 1, users - 1]})
    batch, before, moved = training.batch, 0, 0
    for place in order:
        size = batch * bits[place]
        if place[1] == number:
            moved += up(before + size, 8) - up(before, 8)
        before += size
    return moved
