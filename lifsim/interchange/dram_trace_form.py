"""What a request looks like in a text trace: its forms, words and numbers, in the shape that the compiled reader takes.

A line consists of fields separated by whitespace, and optionally a comment (# ; //), which needs no whitespace
before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FORMS = ("0xADDRESS READ|WRITE cycle", "0xADDRESS R|W", "LD|ST ADDRESS")
NO_FORM, TIMED, UNTIMED, LOAD_STORE = range(-1, len(FORMS))
"""Indices in FORMS."""
FIELDS = 3
"""The most fields of a request."""
LEAST_LINE = len("0 R\n")
MAX_LINE = 1000
HEX_DIGITS = 16
DECIMAL_DIGITS = 19
CYCLE_DIGITS = 18

PLAIN, BLANK, SLASH, REMARK, END = range(5)
"""Kinds of characters: part of a field, between fields, first half of `//`, beginning of a comment, end of a line."""
LETTER_BITS = 7
WORD_LETTERS = 63 // LETTER_BITS
_NO_DIGIT = 255
_NO_LETTER = 127

CHARACTER = np.dtype([("kind", np.uint8), ("digit", np.uint8), ("letter", np.uint8)])
OPERATION = np.dtype([("word", np.int64), ("is_write", np.int64), ("leads", np.int64)])
"""A word: its letters, LETTER_BITS each, and whether it may stand before the address."""
FIELD = np.dtype([(name, np.int64) for name in ("prefixed", "length", "largest", "hexadecimal", "decimal", "word")])
"""A field, read as everything that it could be. prefixed: whether it begins with 0x, which does not count for the
rest; largest: its largest digit."""
COLUMNS = (np.dtype(np.uint64), np.dtype(np.bool_), np.dtype(np.int64))
"""The columns of requests: address, whether it writes, cycle."""
PROGRESS = np.dtype([(name, np.int64) for name in ("at", "line", "requests", "form", "settled", "seen")])
"""The byte at which to continue, the numbers of lines and requests read, the form that all requests have, the line
of the first one, and the form of the last line."""

READS = ("READ", "R", "LD", "RD", "P_MEM_RD", "P_FETCH", "P_LOCK_RD")
WRITES = ("WRITE", "W", "ST", "WR", "P_MEM_WR", "BOFF", "P_LOCK_WR")
LEADING = ("LD", "ST")


def characters() -> npt.NDArray[Any]:
    """[256] CHARACTER of each byte."""
    table = np.zeros(256, CHARACTER)
    table["digit"], table["letter"] = _NO_DIGIT, _NO_LETTER
    for number, pair in enumerate(zip("0123456789abcdef", "0123456789ABCDEF", strict=True)):
        table["digit"][[ord(one) for one in pair]] = number
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ_":
        table["letter"][[ord(letter.lower()), ord(letter)]] = ord(letter)
    for kind, those in ((BLANK, b" \t\r\f\v"), (SLASH, b"/"), (REMARK, b"#;"), (END, b"\n")):
        table["kind"][list(those)] = kind
    return table


def operations() -> npt.NDArray[Any]:
    """[words] OPERATION: what DRAM simulators call reads and writes, most frequent first."""
    words = [word for pair in zip(READS, WRITES, strict=True) for word in pair]
    table = np.zeros(len(words), OPERATION)
    table["word"] = [_packed(word) for word in words]
    table["is_write"] = [word in WRITES for word in words]
    table["leads"] = [word in LEADING for word in words]
    return table


def _packed(word: str) -> int:
    return sum(ord(letter) << LETTER_BITS * place for place, letter in enumerate(reversed(word)))
