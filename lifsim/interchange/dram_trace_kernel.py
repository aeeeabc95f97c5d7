"""The compiled loop over the bytes of a DRAM trace. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import Any

from numba import carray  # type: ignore[attr-defined]

from lifsim.interchange.dram_trace_form import (
    BLANK,
    CYCLE_DIGITS,
    DECIMAL_DIGITS,
    FIELDS,
    HEX_DIGITS,
    LETTER_BITS,
    LOAD_STORE,
    MAX_LINE,
    NO_FORM,
    PLAIN,
    SLASH,
    TIMED,
    UNTIMED,
    WORD_LETTERS,
)
from lifsim.kernels.part import compiled

Bool = Any
Bytes = Any
Int64 = Any
Pointer = Any
Record = Any
Records = Any


@compiled
def _ends(text: Bytes, at: Int64, characters: Records) -> Bool:
    """Whether the line holds nothing more: here it ends, or a comment begins."""
    kind = characters[text[at]].kind
    return kind > SLASH or (kind == SLASH and characters[text[at + 1]].kind == SLASH)


@compiled
def _read_field(text: Bytes, at: Int64, characters: Records, field: Record) -> Int64:
    """Reads the field that begins here as every kind of field at once; returns where it ends."""
    field.prefixed = text[at] == 48 and (text[at + 1] == 88 or text[at + 1] == 120)  # 0X, 0x
    at += 2 * field.prefixed
    begin, largest, hexadecimal, decimal, word = at, 0, 0, 0, 0
    kind = characters[text[at]].kind
    while kind == PLAIN or (kind == SLASH and not _ends(text, at, characters)):
        digit = characters[text[at]].digit
        largest = max(largest, digit)
        hexadecimal = (hexadecimal << 4) + digit
        decimal = 10 * decimal + digit
        word = (word << LETTER_BITS) + characters[text[at]].letter
        at += 1
        kind = characters[text[at]].kind
    field.length, field.largest = at - begin, largest
    field.hexadecimal, field.decimal, field.word = hexadecimal, decimal, word
    return at


@compiled
def _is_hex(field: Record) -> Bool:
    return 1 <= field.length <= HEX_DIGITS and field.largest < 16


@compiled
def _is_decimal(field: Record, digits: Int64) -> Bool:
    return 1 <= field.length <= digits and field.largest < 10 and not field.prefixed


@compiled
def _operation(field: Record, operations: Records) -> Int64:
    """The index of the operation, -1 if the word is none."""
    if field.length <= WORD_LETTERS and not field.prefixed:
        for number in range(operations.size):
            if operations[number].word == field.word:
                return number
    return -1


@compiled
def _form(fields: Records, count: Int64, operations: Records) -> Int64:
    """The form of a line with this many fields."""
    if 2 <= count <= 3 and _is_hex(fields[0]) and _operation(fields[1], operations) >= 0:
        if count == 2:
            return UNTIMED
        return TIMED if _is_decimal(fields[2], CYCLE_DIGITS) else NO_FORM
    if count == 2:
        leads = _operation(fields[0], operations)
        is_address = (fields[1].prefixed and _is_hex(fields[1])) or _is_decimal(fields[1], DECIMAL_DIGITS)
        if leads >= 0 and operations[leads].leads and is_address:
            return LOAD_STORE
    return NO_FORM


@compiled
def _address(fields: Records, form: Int64) -> Int64:
    field = fields[1 if form == LOAD_STORE else 0]
    return field.decimal if form == LOAD_STORE and not field.prefixed else field.hexadecimal


@compiled
def _writes(fields: Records, form: Int64, operations: Records) -> Bool:
    return operations[_operation(fields[0 if form == LOAD_STORE else 1], operations)].is_write != 0


def read_lines(
    text: Pointer, size: Int64, character: Pointer, characters: Int64, operation: Pointer, operations: Int64,
    field: Pointer, field_count: Int64, address: Pointer, addresses: Int64, is_write: Pointer, writes: Int64,
    cycle: Pointer, cycles: Int64, progress: Pointer, one: Int64,
) -> Int64:  # fmt: skip
    """Reads lines from where `progress` stands to the end of the text, which must end with a whole line, or to the
    first line that is neither blank, nor a comment, nor a request of the same form as before. Returns the byte at
    which that line begins, -1 if there is none."""
    letters, table, words = carray(text, size), carray(character, characters), carray(operation, operations)
    places, write_flags, times = carray(address, addresses), carray(is_write, writes), carray(cycle, cycles)
    fields, now = carray(field, field_count), carray(progress, one)[0]
    while now.at < size:
        begin = at = now.at
        count = 0
        while True:
            while table[letters[at]].kind == BLANK:
                at += 1
            if _ends(letters, at, table):
                break
            at = _read_field(letters, at, table, fields[min(count, FIELDS)])
            count += 1
        while letters[at] != 10:  # a comment
            at += 1
        now.at = at + 1
        now.line += 1
        now.seen = form = _form(fields, count, words) if at - begin <= MAX_LINE else NO_FORM
        if form != NO_FORM and (now.form == NO_FORM or now.form == form):
            if now.form == NO_FORM:
                now.form, now.settled = form, now.line
            places[now.requests] = _address(fields, form)
            write_flags[now.requests] = _writes(fields, form, words)
            times[now.requests] = fields[2].decimal if form == TIMED else 0
            now.requests += 1
        elif count > 0 or at - begin > MAX_LINE:
            return begin
    return -1
