"""Does whatever a member of another package returns, or raises, end as a fault of that member, in words, and does one
that keeps its protocol change no figure?"""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, get_type_hints

import pytest

import lifsim
from lifsim.door import DOOR, Guest, Part
from lifsim.errors import InputError
from lifsim.hardware.array import Kept
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.hardware.array.sparsity import ones_of
from lifsim.hardware.memory import PerBit
from lifsim.layers.conv import Conv, ConvKeys
from lifsim.model.network import Tensor
from lifsim.neurons import NeuronModel
from lifsim.promised import check_of
from lifsim.registry import KINDS, Registry, registry_of

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


def test_of_a_layer_what_it_makes_is_looked_at_too(registered: Callable[..., None], tmp_path: Path) -> None:
    kind = guest_layer()
    registered("layer", kind)
    plain = figures(tmp_path, *BANDWIDTH, spikes="engine")
    assert figures(tmp_path, *BANDWIDTH, conv="guest", spikes="engine") == plain


LAYER_PARTS = ("kind", "window", "flat", "weight_shape", "forward")


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("part", LAYER_PARTS)
def test_whatever_a_layer_says_of_itself_is_told_as_its_own(
    part: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    answer = BAD[bad] if part == "forward" else property(BAD[bad])
    registered("layer", guest_layer(**{part: answer}))
    with pytest.raises(InputError) as told:
        figures(tmp_path, *BANDWIDTH, conv="guest", spikes="engine")
    assert re.search(rf"member guest \(guests\) ({part}|node): must return .*; mend ", str(told.value))


def guest_layer(**parts: Any) -> type[Any]:
    """A kind of convolutions whose layers have these parts of their own."""

    class GuestConv(Conv):
        kind = "guest"

    GuestConv.__module__ = "guests.module"
    for name, part in parts.items():
        setattr(GuestConv, name, part)

    class GuestKeys(ConvKeys):
        op: Literal["guest"]  # type: ignore[assignment]

        def node(self, inputs: Sequence[Tensor]) -> Any:
            return GuestConv(**vars(super().node(inputs)))

    GuestKeys.__module__ = __name__

    return guest("layer", "conv", keys=GuestKeys)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("method", ["effective_macs", "window", "in_order"])
def test_whatever_is_kept_of_spikes_says_is_told_as_its_sparsity_s(
    method: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    mine = type("Mine", (Kept,), {method: BAD[bad], "__module__": "guests.module"})

    def keep(_: Any, *given: Any) -> Any:
        return mine(ones_of(*given))

    registered("sparsity", guest("sparsity", "gate", keep=keep))
    told(lambda: figures(tmp_path, *BANDWIDTH, "array.sparsity=guest", schedule="auto"), method)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("method", ["energy_pj", "background"])
def test_whatever_a_price_says_is_told_as_its_memory_s(
    method: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    mine = type("Mine", (PerBit,), {method: BAD[bad], "__module__": "guests.module"})
    registered("memory", guest("memory", "bandwidth", charge=lambda *_: mine(1.0)))
    told(lambda: figures(tmp_path, *BANDWIDTH, "dram.model=guest"), method)


def test_a_member_that_is_none_is_refused_by_what_is_wrong_with_it() -> None:
    registry: Registry[Any] = registry_of("dataflow")
    for part, value, words in (
        ("title", 5, "title: must be a text, is 5"),
        ("sums_in_pes", "yes", "sums_in_pes: must be True or False, is 'yes'"),
        ("name", "nan", "name: must be letters, digits and _"),
        ("name", "a,b", "name: must be letters, digits and _"),
    ):
        with pytest.raises(InputError, match=rf"^member \S+ \(guests\) {words}"):
            registry.register(guest("dataflow", "os", **{part: value}))
    with pytest.raises(TypeError, match=r'GuestKeys must have op: Literal\["other"\]'):
        registry_of("layer").register(type("Other", (guest_layer(),), {"name": "other", "__module__": "guests"}))
    plain = type("Plain", (), {**vars(NeuronModel), **vars(type(registry_of("neuron")["lif"])), "name": "plain"})
    with pytest.raises((TypeError, InputError)):
        registry_of("neuron").register(plain)


def test_what_each_protocol_promises_is_understood() -> None:
    """No annotation is passed over, whose value would be any."""
    for kind in KINDS:
        protocol = registry_of(kind).protocol
        for name, method in vars(protocol).items():
            if inspect.isfunction(method) and not name.startswith("_") and name not in ("constants",):
                hint = get_type_hints(method)["return"]
                assert check_of(hint, Part(Guest("", "", ""), "", "")).__name__ != "_anything", (kind, name)


def test_members_of_lifsim_are_not_wrapped() -> None:
    for kind in KINDS:
        for member in registry_of(kind).shipped.values():
            assert not any(hasattr(type(member), DOOR) for _ in (kind,)), member.name
