"""Mutations of what a YAML or JSON file says: hostile values, keys lost, misspelt, moved; nesting without end."""

from __future__ import annotations

import copy
import json
import math
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

HOSTILE_VALUES = (
    None, True, False, "", " ", "x", 0, -1, 1, 2, 3, 7, 0.5, -0.0, 1e-300, 1e308, math.inf, -math.inf, math.nan, 2**31,
    2**63, 2**64, -(2**63), 10**30, 10**400, ".nan", "1e999", "-1", "1KiB", "-1KiB", "1e300GiB", "0x10", "09", "1_000",
    "12:30:45", [], {}, [[]], [None], {"": 0}, {None: 1}, "\0", "\x1b[2J", "[red]", "../../x", "/", "x" * 100_000, 2023,
    "ü\u202e", "none", "channel0", "channel1", "channel99999999999", "layer+channel2", [1] * 1000, "2023-01-01", 1 / 3,
    "1e3", "yes", "~", 65536, 4097,
)  # fmt: skip

_BILLION = "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n" + "".join(
    f"{n}: &{n} [{', '.join([f'*{chr(ord(n) - 1)}'] * 8)}]\n" for n in "cdefghij"
)


def mutate_yaml(text: str, rng: random.Random) -> str:
    """The document with one to three of its values or keys changed, written anew."""
    if rng.random() < 0.02:
        return rng.choice((_BILLION + text, text + _BILLION, "&a [*a]", "a: " * 50 + "b", "[" * 5000, text * 2))
    return yaml.safe_dump(_changed(yaml.safe_load(text), rng), sort_keys=False, allow_unicode=rng.random() < 0.5)


def mutate_json(text: str, rng: random.Random) -> str:
    """The same of a JSON document."""
    if rng.random() < 0.02:
        return rng.choice(("[" * 100_000, '{"a":' * 5000, text * 2, "", "null", "[]"))
    tree = _changed(json.loads(text), rng)
    return json.dumps(tree, default=str, indent=rng.choice((None, 2)))


def _changed(tree: Any, rng: random.Random) -> Any:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(tree))
        if not places:
            return copy.deepcopy(rng.choice(HOSTILE_VALUES))
        holder, key = rng.choice(places) if rng.random() < 0.5 else _descended(tree, rng)
        rng.choice(_CHANGES)(holder, key, rng, places)
    return tree


def _descended(tree: Any, rng: random.Random) -> tuple[Any, Any]:
    """A place that is found level by level, so that a small branch comes as often as a large one beside it."""
    while True:
        key = rng.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
        below = tree[key]
        if not (isinstance(below, dict | list) and below) or rng.random() < 0.1:
            return tree, key
        tree = below


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or index)."""
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield tree, key
            yield from _places(value)


Places = list[tuple[Any, Any]]


def _hostile(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    holder[key] = copy.deepcopy(rng.choice(HOSTILE_VALUES))  # further changes must not reach the list


def _scaled(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    """A number, or the one in `32KiB`, becomes another of its kind, so that the file may stay valid."""
    value = holder[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        as_float = float(value) if abs(value) < 1 << 1000 else value
        holder[key] = rng.choice((0, 1, -value, value + 1, value - 1, value * 2, value * 1000, value // 2, as_float))
    elif isinstance(value, str) and any(letter.isdigit() for letter in value):
        holder[key] = re.sub(
            r"[0-9.]+", rng.choice(("0", "1", "7", "500", "-1", "0.5", "1000000", "1e6")), value, count=1
        )
    else:
        _hostile(holder, key, rng, places)


def _lost(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    del holder[key]


def _misspelt(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    if isinstance(holder, dict) and isinstance(key, str):
        value = holder.pop(key)
        at = rng.randrange(len(key) + 1)
        holder[rng.choice((key[:at] + key[at + 1 :], key[:at] + "x" + key[at:], key.upper(), key + " ", ""))] = value
    else:
        del holder[key]


def _elsewhere(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    """The value of another place."""
    other, name = rng.choice(places)
    holder[key] = json.loads(json.dumps(other[name], default=str))


def _nested(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    for _ in range(rng.choice((1, 2, 50))):
        holder[key] = [holder[key]] if rng.random() < 0.5 else {"x": holder[key]}


def _doubled(holder: Any, key: Any, rng: random.Random, places: Places) -> None:
    if isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), holder[key])
    else:
        holder[f"{key}2"] = holder[key]


_CHANGES: tuple[Callable[[Any, Any, random.Random, Places], None], ...] = (
    _hostile, _hostile, _hostile, *[_scaled] * 6, _lost, _misspelt, _elsewhere, _nested, _doubled,
)  # fmt: skip


def mutate_cells(text: str, rng: random.Random) -> str:
    """A table of comma-separated cells with one to three of them changed, or a column or line moved."""
    lines = [line.split(",") for line in text.splitlines()]
    for _ in range(rng.choice((1, 1, 2, 3))):
        row = rng.randrange(len(lines))
        cell = rng.randrange(len(lines[row]))
        match rng.randrange(5):
            case 0:
                lines[row].insert(cell, str(rng.choice(HOSTILE_VALUES))[:2000])
            case 1 if len(lines[row]) > 1:
                del lines[row][cell]
            case 2:
                other = rng.randrange(len(lines))
                lines[row], lines[other] = lines[other], lines[row]
            case _:
                lines[row][cell] = str(rng.choice(HOSTILE_VALUES))[:2000]
    return "\n".join(",".join(line) for line in lines) + rng.choice(("\n", "", "\r\n"))
