"""Does whatever a member of another package returns, or raises, end as a fault of that member, in words, and does one
that keeps its protocol change no figure?"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.neurons import NeuronModel
from lifsim.registry import Registry, registry_of

NET = """
name: net
timesteps: 2
input: {shape: [2, 6, 6], encoding: rate}
neuron: {model: NEURON, reset: soft}
layers:
- {name: conv, op: CONV, out: 4, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: deep, op: conv, out: 4, kernel: 3, groups: 2}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 4}
- {name: lif3, op: lif}
spikes: {source: rates, provenance: nobody, rates: {conv: 0.3, deep: 0.4, fc: 0.5}}
"""

PLACES = {
    "dataflow": "array.dataflow",
    "sparsity": "array.sparsity",
    "memory": "dram.model",
    "accounting": "accounting",
}
"""Where architectures name members."""

PRICED = ("dram.energy=per_bit", "dram.energy_pj_per_bit=4.0", "dram.source=nobody")
BANDWIDTH = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", *PRICED)
BESIDE = {
    "ideal": PRICED,
    "cycle": (),
}
"""What a member must have beside it; others BANDWIDTH."""


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, type[Any]], None]:
    """Registers a member until the test ends."""

    def register(kind: str, member: type[Any]) -> None:
        registry: Registry[Any] = registry_of(kind)
        monkeypatch.setattr(registry, "_members", dict(registry))
        monkeypatch.setattr(registry, "_origins", {name: registry.origin(name) for name in registry})
        registry.register(member)

    return register


def guest(kind: str, base: str, **parts: Any) -> type[Any]:
    """A shipped member's subclass of another package, by the name of `guest`."""
    member = type(registry_of(kind)[base])
    return type("Guest", (member,), {"name": "guest", "__module__": "guests.module"} | parts)


def figures(folder: Path, *overrides: str, neuron: str = "lif", conv: str = "conv", **options: Any) -> dict[str, Any]:
    """Of a run of NET."""
    path = folder / "net.yaml"
    path.write_text(NET.replace("NEURON", neuron).replace("CONV", conv))
    return lifsim.run("sata_training", str(path), overrides=overrides, **options).totals.tree()


SHIPPED = [(kind, name) for kind in PLACES for name in registry_of(kind).shipped if "sata" not in name]
"""But for two that know each other by name."""
MODES: list[dict[str, Any]] = [{}, {"schedule": "timestep"}, {"mode": "training", "batch": 2}, {"sharing": "channel2"}]


@pytest.mark.parametrize("how", MODES, ids=str)
@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_guest_that_keeps_its_protocol_changes_no_figure(
    kind: str, name: str, how: dict[str, Any], registered: Callable[..., None], tmp_path: Path
) -> None:
    def found(member: str) -> dict[str, Any] | str:
        try:
            return figures(tmp_path, *BESIDE.get(name, BANDWIDTH), f"{PLACES[kind]}={member}", **how)
        except InputError as error:  # as a shipped one refuses, a guest does
            return str(error).replace("guest", name)

    expected = found(name)
    assert isinstance(expected, dict) or (name in ("skip", "ptb") and how), expected
    registered(kind, guest(kind, name))
    assert found("guest") == expected


class Own(BaseException):
    """An exception of a package of its own."""


def leave(*_: Any) -> None:
    sys.exit(0)


def fail(*_: Any) -> None:
    return {}["no such key"]  # type: ignore[return-value]


def own(*_: Any) -> None:
    raise Own("of its own")


def returning(value: Any) -> Callable[..., Any]:
    return lambda *_: value


BAD: dict[str, Callable[..., Any]] = {
    "text": returning("text"),
    "nan": returning(math.nan),
    "None": returning(None),
    "negative": returning(-1),
    "float": returning(1.5),
    "huge": returning(1 << 80),
    "list": returning([1, "a"]),
    "KeyError": fail,
    "SystemExit": leave,
    "BaseException": own,
}

BASES = {"dataflow": "os", "sparsity": "gate", "memory": "bandwidth", "accounting": "lifsim"}

METHODS = [
    (kind, name)
    for kind in BASES
    for name, what in vars(registry_of(kind).protocol).items()
    if callable(what) and not name.startswith("_")
]
NEURON = [name for name, what in vars(NeuronModel).items() if callable(what) and not name.startswith("_")]
RIGHT = {("refusal", "text"), ("cannot_be_undone", "text"), ("linear", "None")}
"""What is an answer."""


def told(run: Callable[[], Any], method: str) -> None:
    """Either it is no matter, or it is told in words."""
    try:
        run()
    except InputError as error:
        (fault,) = error.faults
        assert str(fault).startswith(f"member guest (guests) {method}: must return ")
        assert "; mend guests.module." in str(fault)
        assert (", returned " in str(fault)) != (", raised " in str(fault))


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_whatever_a_method_returns_or_raises_is_told_as_its_member_s(
    kind: str, method: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    if (method, bad) in RIGHT:
        return
    account = {"words": OutputStationary.words} if method == "folds" else {}
    registered(kind, guest(kind, BASES[kind], **{method: BAD[bad]}, **account))
    for how in ({}, {"mode": "training", "batch": 1}):
        told(lambda how=how: figures(tmp_path, *BANDWIDTH, f"{PLACES[kind]}=guest", **how), method)  # type: ignore[misc]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("method", NEURON)
def test_whatever_a_neuron_returns_or_raises_is_told_as_its_own(
    method: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    if (method, bad) in RIGHT:
        return
    vectorised = {} if method == "compiled" else {"compiled": returning(None)}
    registered("neuron", guest("neuron", "lif", **{method: BAD[bad]}, **vectorised))
    for how in ({"spikes": "engine"}, {"mode": "training", "batch": 1, "bptt": "reversed"}):
        told(lambda how=how: figures(tmp_path, *BANDWIDTH, neuron="guest", **how), method)  # type: ignore[misc]
