"""Is what has the right type, and breaks a rule of its protocol, told by that rule?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from lifsim.accounting.counts import ElementBits, LayerCounts
from lifsim.accounting.own import Own
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.hardware.array import Folds
from lifsim.hardware.array.dataflow import OutputBlock
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.hardware.array.sparsity.dense import Gated
from lifsim.hardware.dram.energy import DramEnergy
from lifsim.hardware.gemm import MOST_CYCLES, ArrayCycles
from lifsim.hardware.memory import PerBit
from lifsim.hardware.memory.bandwidth import PlainBandwidth
from lifsim.hardware.sram_ports import PortStalls
from lifsim.keeping import KEEPINGS
from lifsim.keeping.protocol import CallsOnState
from lifsim.keeping.stored import Stored
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron
from lifsim.neurons.protocol import Compiled, Linear
from lifsim.simulate.api import load_workload
from tests.door.guests import BANDWIDTH, OVERRIDDEN_WITH, PLACES, figures, guest


class Costly(PerBit):
    """It pays for bytes."""

    __module__ = "guests.module"

    def energy_pj(self, *_: Any) -> DramEnergy:
        return DramEnergy(transfer=-1.0)


class Plain(NamedTuple):
    """Constants without a threshold."""

    tau: float


def of(member: type[Any], method: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The shipped answer, changed."""
    return lambda self, *given: change(getattr(member, method)(self, *given))


def broken(*_: Any) -> None:
    raise ZeroDivisionError


OS, GATE, BAND, LIF, STORED = OutputStationary, Gated, PlainBandwidth, LifNeuron, Stored
LONG = MOST_CYCLES + 1
HUGE_FOLD = Folds(1, 1, LONG, 0)


NO_BITS = ElementBits(8, 1, 1, 8, 0)


def changed(**values: Any) -> Callable[[list[LayerCounts]], list[LayerCounts]]:
    return lambda layers: [replace(layer, **values) for layer in layers]


RULES: list[tuple[str, str, str, Callable[..., Any], str]] = [
    ("dataflow", "os", "folds", of(OS, "folds", lambda one: replace(one, outputs=0)), "folds of one cycle or more"),
    ("dataflow", "os", "folds", lambda *_: HUGE_FOLD, r"at most 2\*\*48 cycles"),
    ("dataflow", "os", "finishes", lambda *_: OutputBlock(0, None), "pixels and filters of one or more"),
    ("dataflow", "os", "row_waits", lambda *_: PortStalls(psum=LONG), r"at most 2\*\*48 cycles"),
    ("dataflow", "ws", "waits", lambda *_: PortStalls(weight=LONG), r"at most 2\*\*48 cycles"),
    ("dataflow", "os", "input_repeats", lambda *_: 1 << 33, r"at most 2\*\*32"),
    (
        "dataflow", "os", "input_reads",
        of(OS, "input_reads", lambda one: replace(one, waits=np.tile(one.waits, (3, 1)))), r"\[groups, folds\], here",
    ),
    ("dataflow", "os", "input_reads", of(OS, "input_reads", lambda one: replace(one, words=one.words + LONG)), "at"),
    ("sparsity", "gate", "keep", of(GATE, "keep", lambda one: one.window(0, 1)), r"ones of \[images, rounds, groups"),
    ("sparsity", "gate", "cycles", of(GATE, "cycles", lambda one: one[1:]), "cycles of each of 2 rounds"),
    ("sparsity", "gate", "cycles", lambda *_: (ArrayCycles(LONG, 0, 1),) * 2, r"at most 2\*\*48 cycles"),
    ("sparsity", "gate", "waits", lambda *_: PortStalls(spike_in=LONG), r"at most 2\*\*48 cycles"),
    ("sparsity", "gate", "blocks", lambda *_: iter([(np.ones(3, np.int64), 1)]), r"\[visits, blocks\], visits <= 2"),
    ("sparsity", "gate", "blocks", lambda *_: iter([(np.ones((1, 3), np.int64), 7)]), "images <= 1"),
    ("sparsity", "gate", "blocks", lambda *_: iter([(np.ones((1, 3)), 1)]), "whole numbers >= 0"),
    ("sparsity", "gate", "blocks", lambda *_: map(broken, [1]), "an iterator that works, raised ZeroDivisionError"),
    ("memory", "bandwidth", "peak_bytes_per_cycle", lambda *_: Fraction(-1), "a fraction > 0"),
    ("memory", "bandwidth", "play", of(BAND, "play", lambda one: replace(one, held=one.held[1:])), "held is an array"),
    ("memory", "bandwidth", "play", of(BAND, "play", lambda one: replace(one, begun=-one.begun)), "whole numbers >= 0"),
    ("sparsity", "gate", "keep", of(GATE, "keep", lambda one: replace(one, ones=-one.ones)), "whole numbers >= 0"),
    ("memory", "bandwidth", "play", of(BAND, "play", lambda one: replace(one, end=one.end + 1)), "each step ends its"),
    ("memory", "bandwidth", "play", of(BAND, "play", lambda one: replace(one, total=0)), "all of it at `total`"),
    ("memory", "bandwidth", "play", of(BAND, "play", lambda one: replace(one, answered=one.begun * 0)), "behind their"),
    ("memory", "bandwidth", "play", of(BAND, "play", lambda one: replace(one, total=LONG)), r"at most 2\*\*48"),
    ("accounting", "lifsim", "count", of(Own, "count", lambda all_: all_[:0]), "counts of conv, in this order"),
    ("accounting", "lifsim", "with_port_waits", lambda *_: [], "counts of conv, in this order"),
    ("accounting", "lifsim", "count", of(Own, "count", changed(pe_utilisation=1.5)), "pe_utilisation is 0 to 1"),
    ("accounting", "lifsim", "count", of(Own, "count", changed(bits=NO_BITS)), "bits are > 0 in every buffer"),
    ("accounting", "lifsim", "count", of(Own, "count", changed(timed_macs=1 << 40)), "at most 128 MACs in each cycle"),
    (
        "accounting", "lifsim", "count",
        of(Own, "count", lambda all_: [
            replace(one, cycles=replace(one.cycles, lif=LONG, total=one.cycles.total - one.cycles.lif + LONG))
            for one in all_
        ]), r"at most 2\*\*48",
    ),
    ("neuron", "lif", "rest", lambda *_: (0.0, 0.0), "a value of each of 1 state variables"),
    ("neuron", "lif", "constants", lambda *_: Plain(1.0), "a NamedTuple with a threshold"),
    ("neuron", "lif", "charge", of(LIF, "charge", lambda one: (one[0][:1],)), r"1 arrays \[\d+, \d+\] of floating"),
    ("neuron", "lif", "charge", of(LIF, "charge", lambda one: (one[0] * np.float32("nan"),)), "none of them nan"),
    ("neuron", "lif", "fire", of(LIF, "fire", lambda one: one.astype(np.uint8)), r"an array \[\d+, \d+\] of bool"),
    ("neuron", "lif", "settle", of(LIF, "settle", lambda one: one * 2), "1 arrays"),
    ("neuron", "lif", "linear", lambda *_: Linear(((1.0, 2.0),), (1.0,), True), "leak and gain of 1 state"),
    ("neuron", "lif", "undoing_error", lambda *_: 0.5, "a factor of 1 or more"),
    ("neuron", "lif", "compiled", lambda *_: Compiled(broken), "a function that works, raised ZeroDivisionError"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "base", "method", "answer", "rule"), RULES)
def test_what_breaks_a_rule_is_told_by_it(
    kind: str, base: str, method: str, answer: Any, rule: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    beside = dict(OVERRIDDEN_WITH.get(method, {}))
    if kind == "neuron" and method != "compiled":
        beside["compiled"] = lambda _: None
    registered(kind, guest(kind, base, **{method: answer}, **beside))
    reversing = method in ("linear", "undoing_error")
    how = {"mode": "training", "batch": 1, "bptt": "reversed"} if reversing else {}
    how |= {"spikes": "engine"} if kind == "neuron" and not reversing else {}
    skipping = ["array.sparsity=skip"] if method == "row_waits" else []
    chosen = [*BANDWIDTH, "lif.overlapped=true", *skipping]
    chosen += [f"{PLACES[kind]}=guest"] if kind in PLACES else []
    with pytest.raises(InputError) as told:
        figures(tmp_path, *chosen, neuron="guest" if kind == "neuron" else "lif", **how)
    fault, *_ = told.value.faults
    assert re.match(rf"member guest \(guests\) {method}: must return .*{rule}", str(fault)), str(fault)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda bits: np.tile(bits, (2, 1)), r"bits of \[timesteps, LIFs\], here \[32, 1\]"),
        (lambda bits: bits[0], r"bits of \[timesteps, LIFs\], here \[32, 1\]"),
        (lambda bits: bits[:0], r"bits of \[timesteps, LIFs\], here \[32, 1\]"),
        (lambda bits: bits * 0 + (1 << 43), ""),
        (lambda bits: bits * 0 + (1 << 43) + 1, r"at most 281,474,976,710,656 bits of an image"),
        (lambda bits: bits * 0 + (1 << 61), r"at most 281,474,976,710,656 bits of an image"),
        (lambda bits: bits * 0.5, "whole numbers >= 0"),
        (lambda bits: bits * np.nan, "whole numbers >= 0"),
        (lambda bits: -bits - 1, "whole numbers >= 0"),
    ],
)
@pytest.mark.parametrize("method", ["kept", "read_back"])
def test_bits_that_a_way_to_keep_membranes_answers_are_looked_at(
    method: str, change: Callable[[Any], Any], rule: str, registered: Callable[..., None]
) -> None:
    own = STORED.kept
    changed = {
        "kept": lambda self, calls: replace(own(self, calls), bits=change(own(self, calls).bits)),
        "read_back": lambda *given: change(given[1].bits),
    }
    registered("keeping", guest("keeping", "stored", **{method: changed[method]}))
    net = load_workload("lenet5_mnist")
    state = states_of(net, Sharing.parse("none"))[0]
    way, calls = KEEPINGS["guest"], CallsOnState(state, net.lifs[0].neuron, net.timesteps, 8, timestep_major=False)
    if not rule:
        way.read_back(way.kept(calls))
        return
    with pytest.raises(InputError, match=rf"member guest \(guests\) {method}: must return .*{rule}"):
        way.read_back(way.kept(calls))


@pytest.mark.parametrize("price", [-5.0, float("nan"), float("inf")])
def test_a_price_that_is_none_is_told(price: float, registered: Callable[..., None], tmp_path: Path) -> None:
    registered("memory", guest("memory", "bandwidth", charge=lambda *_: PerBit(price)))
    with pytest.raises(InputError, match=r"member guest \(guests\) charge: must return Charge, raised ValueErr.*>= 0"):
        figures(tmp_path, *BANDWIDTH, "dram.model=guest")


def test_a_price_below_nothing_is_told(registered: Callable[..., None], tmp_path: Path) -> None:
    registered("memory", guest("memory", "bandwidth", charge=lambda *_: Costly(1.0)))
    with pytest.raises(InputError, match=r"member guest \(guests\) energy_pj: must return energies of 0 or more"):
        figures(tmp_path, *BANDWIDTH, "dram.model=guest")
