"""Spikes at a rate, drawn one by one from 64-bit words: what the documents say of it, and nothing faster."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

PART = 4 * (1 << 15)
"""Spikes whose first 16 bits are drawn before those that need more."""


def bernoulli(rate: float, next_word: Callable[[], int], count: int) -> list[int]:
    """`count` spikes. A word holds four draws of 16 bits, the lowest first; one that equals the first 16 bits of the
    rate is told by 48 more, the upper ones of a word that is drawn behind all words of its part."""
    threshold = round(Fraction(rate) * 2**64)
    if threshold <= 0 or threshold >= 2**64:
        return [int(threshold > 0)] * count
    spikes: list[int] = []
    for start in range(0, count, PART):
        size = min(PART, count - start)
        words = [next_word() for _ in range(-(-size // 4))]
        draws = [words[one // 4] >> 16 * (one % 4) & 0xFFFF for one in range(size)]
        spikes += [int((draw << 48 | _more(draw, threshold, next_word)) < threshold) for draw in draws]
    return spikes


def _more(draw: int, threshold: int, next_word: Callable[[], int]) -> int:
    return next_word() >> 16 if draw == threshold >> 48 else 0
