"""Words and banks of an SRAM: which bank holds a word, and how many words of a request fall on each.

A word is what one port gives, or takes, in a cycle. Words lie in the banks in turn, word w in bank w mod `count`, so
that a line across all banks holds neighbouring words, as in SCALE-Sim v3's layout model (Raj et al., ISPASS 2025). A
bank serves one read and one write a cycle; whoever asks for the same word in the same cycle gets it together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Banks:
    """count: of banks. word_bits: of one word, the width of a bank's port."""

    count: int
    word_bits: int

    @property
    def line_bits(self) -> int:
        """Of one word in every bank: what lies so far apart lies in the same bank, at the same place of a word."""
        return self.count * self.word_bits


def words_by_bank(vector: Ints, first_bit: Ints, end_bit: Ints, vectors: int, banks: Banks) -> Ints:
    """[vectors, banks] distinct words that requests touch.

    vector: [n] the vector of each request, ascending. first_bit, end_bit: [n] the bits that it asks for, none where
    end_bit <= first_bit; those of one vector ascend and do not overlap, but may share a word.
    """
    first, last = first_bit // banks.word_bits, (end_bit - 1) // banks.word_bits
    own = vector * ((int(last.max(initial=0)) // banks.count + 1) * banks.count)
    end = own + np.where(end_bit > first_bit, last, -1)
    seen = np.concatenate([[-1], np.maximum.accumulate(end)[:-1]])
    begin = np.maximum(own + first, seen + 1)
    rounds, rest = np.divmod(np.maximum(end - begin + 1, 0), banks.count)
    touched = np.zeros((banks.count, vectors), np.int64)  # banks outside: few of them are compared, of many vectors
    touched += np.bincount(vector, rounds, vectors).astype(np.int64)
    for more in range(int(rest.max(initial=0))):
        chosen = rest > more
        place = (begin[chosen] + more) % banks.count * vectors + vector[chosen]
        touched += np.bincount(place, minlength=touched.size).reshape(touched.shape)
    return touched.T


def of_one_stretch(first_bit: Ints, bits: Ints, banks: Banks) -> Ints:
    """[2, ...] `waits_and_words` of vectors that ask for as many `bits` [...] on end, from `first_bit` on: their words
    are as many banks' in turn."""
    offset = first_bit - first_bit // banks.word_bits * banks.word_bits  # (the remainder, which takes NumPy longer)
    words = np.where(bits > 0, (offset + bits - 1) // banks.word_bits + 1, 0)
    return np.stack([np.maximum((words + banks.count - 1) // banks.count - 1, 0), words])


def waits_and_words(words: Ints) -> Ints:
    """[2, ...] cycles beyond the first, and words, of vectors whose banks have `words` [..., banks] to give."""
    return np.stack([np.maximum(words.max(axis=-1) - 1, 0), words.sum(axis=-1)])
