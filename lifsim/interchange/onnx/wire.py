"""How much of an ONNX file is graph, found from its bytes before a parser makes objects of them.

A message of two bytes becomes an object of a hundred, so that parsing a file of ordinary size may take all memory. The
numbers of tensors are parsed without growth; everything else must be as small as graphs are.

Source: protobuf.dev/programming-guides/encoding; onnx/onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

MAX_FIELDS = 1 << 20
MAX_GRAPH_BYTES = 1 << 24
"""The most bytes of a file without the numbers of its tensors."""

_PARTS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor"},
    "tensor": {4: "numbers", 9: "numbers", 10: "numbers"},
}
"""By kind of message, the fields that are looked into, and the kind of message in them. Packed whole numbers are not
among them: they grow when they are parsed."""

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_LONGEST = 10
"""The most bytes of a varint."""


def require_modest(data: bytes) -> None:
    """Raises ValueError if `data` is not a model, is cut off, or holds more than MAX_GRAPH_BYTES of graph."""
    fields, beside = 0, len(data)
    pending = [("model", 0, len(data))]
    while pending:
        kind, first, end = pending.pop()
        for number, start, stop in _fields(data, first, end):
            fields += 1
            inside = _PARTS[kind].get(number) if stop > start else None
            if inside == "numbers":
                beside -= stop - start
            elif inside is not None:
                pending.append((inside, start, stop))
            if fields > MAX_FIELDS:
                raise ValueError(f"has a graph of more than {MAX_FIELDS} entries")
    if beside > MAX_GRAPH_BYTES:
        raise ValueError(f"has a graph of {beside} bytes beside its weights, must have at most {MAX_GRAPH_BYTES}")


def _fields(data: bytes, first: int, end: int) -> Iterator[tuple[int, int, int]]:
    """For each field of a message: its number, and where its bytes begin and end if it has a length; else 0, 0."""
    while first < end:
        tag, first = _varint(data, first, end)
        number, kind = tag >> 3, tag & 7
        start = stop = 0
        if kind == _VARINT:
            _, first = _varint(data, first, end)
        elif kind == _LENGTH:
            length, start = _varint(data, first, end)
            first = stop = start + length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            first += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError("is damaged, or no ONNX file")
        if first > end or not number:
            raise ValueError("is damaged, cut off, or no ONNX file")
        yield number, start, stop


def _varint(data: bytes, first: int, end: int) -> tuple[int, int]:
    """A number with seven bits per byte, lowest first, and where it ends."""
    value = 0
    for place in range(first, min(first + _LONGEST, end)):
        value |= (data[place] & 127) << 7 * (place - first)
        if data[place] < 128:
            return value, place + 1
    raise ValueError("is damaged, cut off, or no ONNX file")
