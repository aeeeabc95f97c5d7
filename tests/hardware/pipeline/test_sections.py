"""Has a program that is played section by section the times of one that is played at once?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.hardware.pipeline.program import START, Halves, Program, program
from lifsim.hardware.pipeline.sections import ASKED, Player, Section
from lifsim.hardware.pipeline.timing import Extents, play_dram

ARRAY_HZ, STEPS, ROWS_APART = 400_000_000, 24, 1 << 20
SPEC = load_dram("ddr4_2400")


def sections(played: Program, asked: np.ndarray, few: int) -> Iterator[Section]:
    """So many steps each."""
    requests, steps, done = played.requests, played.step_cycles.size, 0
    puts_out = np.array([np.isin(np.arange(steps), requests.step[requests.kind == kind]) for kind in STORES]).T
    for first in range(0, steps, few):
        end = min(first + few, steps)
        until = asked.size if end == steps else int(np.searchsorted(requests.gate, end - 1))
        yield Section(played.step_cycles[first:end], puts_out[first:end], asked[done:until], end == steps)
        done = until


def asked_of(played: Program, extents: np.ndarray, address: np.ndarray) -> np.ndarray:
    """Its requests, each of so many `extents` of 64 bytes, every one in another row of a bank."""
    requests = played.requests
    asked = np.zeros(requests.step.size, ASKED)
    asked["step"], asked["kind"], asked["gate"] = requests.step, requests.kind, requests.gate
    asked["extent_bytes"], asked["extents"], asked["pitch"], asked["address"] = 64, extents, ROWS_APART, address
    return asked


@pytest.mark.parametrize("few", [1, 2, 5])
@pytest.mark.parametrize("double", [(True, False), (False, True), (True, True), (False, False)])
@pytest.mark.parametrize("slow", STORES)
def test_each_step_ends_as_it_does_at_once(few: int, double: tuple[bool, bool], slow: Kind) -> None:
    """Short steps, of which one kind of store goes by narrow ports to many rows of a bank and the other at once to
    another bank. Even so stores leave in their order: none that is seen to is waited for later."""
    random = np.random.default_rng(few)
    step = np.repeat(np.arange(STEPS), 1 + len(STORES))
    kind = np.tile([Kind.WEIGHTS, *STORES], STEPS)
    there = random.random(step.size) < np.where(kind == Kind.WEIGHTS, 0.1, 0.9)
    step, kind = step[there], kind[there]
    rows = np.where(kind == slow, random.integers(1, 90, step.size), 1)
    halves = [False] * len(Kind)
    for store, has_two in zip(STORES, double, strict=True):
        halves[store] = has_two
    ports = [8 if each == slow else 512 for each in Kind]
    buffers = Halves(tuple(halves), tuple(ports))
    played = program(random.integers(1, 12, STEPS), step, kind, 64 * rows, np.full(step.size, START), buffers)
    order = played.requests.origin
    asked = asked_of(played, rows[order], np.where(kind == slow, 0, 1 << 14)[order])
    first = np.concatenate([[0], np.cumsum(asked["extents"])])
    number = np.arange(first[-1]) - np.repeat(first[:-1], asked["extents"])
    address = np.repeat(asked["address"], asked["extents"]) + number * ROWS_APART
    whole = play_dram(played, ARRAY_HZ, SPEC, Extents(address, np.full(first[-1], 64), first))
    player = Player.on_dram(ARRAY_HZ, SPEC, buffers, 1)
    found = [player.play(section) for section in sections(played, asked, few)]
    assert np.concatenate([one.end for one in found]).tolist() == whole.end.tolist()
    assert np.concatenate([one.waited for one in found]).tolist() == whole.waited.tolist()
    assert player.total == whole.total
    assert whole.waited[:, list(STORES)].any()
    assert (np.diff(whole.answered[np.isin(asked["kind"], STORES)]) >= 0).all()
