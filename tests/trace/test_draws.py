"""Does each reader of a tensor see what it would see alone, in whatever order they read?"""

from __future__ import annotations

import gc
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.trace import draws
from lifsim.trace.draws import Drawing, bernoulli, waiting_bytes
from tests.oracles.bernoulli import PART
from tests.oracles.bernoulli import bernoulli as one_by_one

RATES = (0.0, 1.0, 0.15, 0.3, 0.075, 2.0**-64, 1 - 2.0**-53, 2.0**-16 * 1.5, 0.5)


class Words:
    """Words of which most draws are one of these, so that many need more than 16 bits."""

    def __init__(self, heads: tuple[int, ...]) -> None:
        random = np.random.default_rng(0)
        drawn = random.choice(np.array([*heads, 0x1234], np.uint16), 1 << 21).astype("<u2").view("<u8")
        self.left = drawn ^ random.integers(0, 2, len(drawn), np.uint64)

    def random_raw(self, size: int, /) -> np.ndarray:
        taken, self.left = self.left[:size], self.left[size:]
        assert len(taken) == size
        return taken


def alone(rate: float, seed: tuple[int, ...], neurons: int) -> list[int]:
    source = draws.generator(seed)
    return one_by_one(rate, lambda: int(source.random_raw(1)[0]), neurons)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("neurons", [0, 1, 7, 8, 9, PART - 1, PART, PART + 5])
def test_spikes_equal_those_drawn_one_by_one(rate: float, neurons: int) -> None:
    out = np.full(neurons, 7, np.uint8)
    bernoulli(rate, draws.generator((3, 1)), out)
    assert out.tolist() == alone(rate, (3, 1), neurons)


@given(
    st.lists(st.sampled_from(RATES), min_size=1, max_size=5),
    st.sampled_from([1, 13, PART, 2 * PART + 77]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=12, deadline=None)
def test_readers_of_one_tensor_see_the_spikes_that_they_would_see_alone(
    rates: list[float], neurons: int, random: Any
) -> None:
    drawing = Drawing(neurons, 4)
    readers = {drawing.reader((rate,)): rate for rate in rates}
    expected = {rate: [alone(rate, (9, place), neurons) for place in range(2)] for rate in set(rates)}
    order = [(reader, place) for reader in readers for place in range(2)] * 2  # each reads twice
    random.shuffle(order)
    for reader, place in order:
        assert drawing.read(reader, 0, (9, place)).tolist() == expected[readers[reader]][place]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_readers_that_need_different_numbers_of_words_see_their_own_spikes(
    order: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One takes a further word for most of its draws, another for none."""
    rates, neurons = (0.25, 0.5, 0.1), 3 * PART + 11
    heads = tuple(round(rate * 2**16) for rate in rates[:2])
    monkeypatch.setattr(draws, "generator", lambda _: Words(heads))
    drawing = Drawing(neurons, 1)
    readers = [drawing.reader((rate,)) for rate in rates]
    for reader in order:
        expected = one_by_one(rates[reader], iter(Words(heads).left.tolist()).__next__, neurons)
        assert drawing.read(readers[reader], 0, (5,)).tolist() == expected


def test_rates_of_timesteps() -> None:
    drawing = Drawing(50, 2)
    steady, falling = drawing.reader((0.5,)), drawing.reader((0.5, 0.1))
    for timestep, rate in enumerate((0.5, 0.1)):
        assert drawing.read(steady, timestep, (timestep,)).tolist() == alone(0.5, (timestep,), 50)
        assert drawing.read(falling, timestep, (timestep,)).tolist() == alone(rate, (timestep,), 50)


def test_one_draw_serves_all_readers_if_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, ...]] = []
    real = draws.generator
    monkeypatch.setattr(draws, "generator", lambda seed: (made.append(seed), real(seed))[1])

    def generators(places: int) -> int:
        made.clear()
        drawing = Drawing(1 << 20, places)
        for reader in [drawing.reader((0.1,)), drawing.reader((0.2,)), drawing.reader((0.1,))]:
            assert all(drawing.read(reader, 0, (1, place)).sum() > 0 for place in range(2))
        return len(made)

    assert generators(places=2) == 2
    assert waiting_bytes(1 << 30, 2) > draws.WAITING_BYTES
    assert generators(places=1 << 10) == 6


def test_drawn_words_are_freed_without_the_garbage_collector() -> None:
    """What others leave meanwhile, a module imported late or another thread, is not this module's."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for rates in ((0.3,), (0.3, 0.5, 1.0)):
            drawing = Drawing(300_000, 2)
            readers = [drawing.reader((rate,)) for rate in rates]
            for reader in readers:
                drawing.read(reader, 0, (1, 2))
            del drawing
        gc.collect()
        assert [each for each in gc.garbage if type(each).__module__ == draws.__name__] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("size", [1, PART - 5, PART, PART + 3, 5 * PART])
def test_reading_in_parts_gives_the_same_spikes(size: int) -> None:
    """Whoever reads so, of readers at the same and at other rates, first, from what waits, or after all."""
    neurons = 200_000 if size > 1 else 77
    drawing, rates = Drawing(neurons, 2), (0.15, 0.3, 0.15, 1.0)
    readers = {drawing.reader((rate,)): rate for rate in rates}
    for by_parts in ((0, 2), (1, 3), (0, 1, 2, 3)):
        for reader, rate in readers.items():
            if reader in by_parts:
                parts = [part.copy() for part in drawing.read_parts(reader, 0, (4,), size)]
                assert {len(part) for part in parts[:-1]} <= {size}
                assert len(parts) == -(-neurons // size)
                found = np.concatenate(parts)
            else:
                found = drawing.read(reader, 0, (4,))
            expected = np.empty(neurons, np.uint8)
            bernoulli(rate, draws.generator((4,)), expected)
            assert np.array_equal(found, expected)


def test_a_reader_that_stops_early_leaves_no_partial_draws() -> None:
    drawing = Drawing(3 * PART, 1)
    first, second = drawing.reader((0.3,)), drawing.reader((0.6,))
    next(drawing.read_parts(first, 0, (1,), PART))
    expected = np.empty(3 * PART, np.uint8)
    bernoulli(0.6, draws.generator((1,)), expected)
    assert np.array_equal(drawing.read(second, 0, (1,)), expected)
