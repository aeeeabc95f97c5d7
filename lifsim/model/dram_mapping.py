"""Address mapping strings: which bits of a byte address name channel, rank, bank group, bank, row and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from lifsim.errors import did_you_mean
from lifsim.units import counted

_FIELDS = {"ch": "channel", "ra": "rank", "bg": "bank group", "ba": "bank", "ro": "row", "co": "column"}
_RANGE = re.compile(r"([a-z]+)\[(\d{1,2}):(\d{1,2})\]")


class Segment(NamedTuple):
    """`width` address bits from bit `low` on, that are bits `position` and up of `field`."""

    field: str
    low: int
    width: int
    position: int


def parse_mapping(text: str, field_bits: Mapping[str, int], offset_bits: int) -> tuple[Segment, ...]:
    """The segments that `text` means, LSB first. `text` has no faults (`mapping_faults`).

    MSB first, each field once, widths from the organisation: ``rochrababgco``. LSB first with bits, where a field may
    come in several segments, its lower bits first: ``offset[5:0] co[8:6] ba[11:9] co[15:12] ...``; the offset may be
    left out, and so may fields of one value.
    """
    if "[" in text:
        found = [(field, int(low), int(high) - int(low) + 1) for field, high, low in _RANGE.findall(text)]
    else:
        found, low = [], offset_bits
        for field in reversed(re.findall("..", text)):
            found.append((field, low, field_bits[field]))
            low += field_bits[field]
    segments, position = [], dict.fromkeys(_FIELDS, 0)
    for field, low, width in found:
        if field in position and field_bits[field] and width:
            segments.append(Segment(field, low, width, position[field]))
            position[field] += width
    return tuple(segments)


def mapping_faults(text: str, field_bits: Mapping[str, int], offset_bits: int) -> list[str]:
    """Everything that keeps `text` from covering the address, each as ``value must <rule>``."""
    return _range_faults(text, field_bits, offset_bits) if "[" in text else _order_faults(text)


def _order_faults(text: str) -> list[str]:
    found = re.findall("..?", text)
    faults = [
        f"{text!r} must be made of {', '.join(_FIELDS)}, has {field!r}{did_you_mean(field, _FIELDS)}"
        for field in dict.fromkeys(found)
        if field not in _FIELDS
    ]
    for field, title in _FIELDS.items():
        if found.count(field) != 1:
            faults.append(f"{text!r} must name the {title} ({field}) once, names it {found.count(field)} times")
    return faults


def _range_faults(text: str, field_bits: Mapping[str, int], offset_bits: int) -> list[str]:
    faults = []
    if _RANGE.sub("", text).strip():
        faults.append(f"{text!r} must be fields with bits, such as co[12:6], with blanks between them")
    widths, expected = dict.fromkeys(_FIELDS, 0), None
    for field, high_text, low_text in _RANGE.findall(text):
        high, low = int(high_text), int(low_text)
        first = 0 if field == "offset" else offset_bits
        if low != (first if expected is None else expected) or high < low:
            where = first if expected is None else expected
            faults.append(f"{field}[{high}:{low}] must start at bit {where} and not end before it")
        expected = high + 1
        if field in widths:
            widths[field] += high - low + 1
            if field_bits[field] == 0:  # a field of one value may be written as a bit, as DRAMsim3 prints it
                faults.append(f"{field} must be left out: there is one {_FIELDS[field]} only")
        elif field != "offset":
            faults.append(f"{field!r} must be one of {', '.join(_FIELDS)}{did_you_mean(field, _FIELDS)}")
        elif high != offset_bits - 1:
            faults.append(f"offset[{high}:{low}] must end at bit {offset_bits - 1}: bursts of {1 << offset_bits} bytes")
    for field, width in widths.items():
        if width != field_bits[field] and field_bits[field]:
            faults.append(
                f"{field} must have {counted(field_bits[field], 'bit')} to name every {_FIELDS[field]}, has {width}"
            )
    return faults
