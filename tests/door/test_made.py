"""Is what a member of another package makes, a layer, what is kept of spikes, a price, looked at as the member is?"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.hardware.array import Kept
from lifsim.hardware.array.sparsity import ones_of
from lifsim.hardware.memory import PerBit
from lifsim.layers.conv import Conv, ConvKeys
from lifsim.model.keys import BeforeValidator
from lifsim.model.network import Tensor
from lifsim.model.product import Backward
from lifsim.model.schema import Broken, rule
from lifsim.neurons import NeuronModel, StateVariable
from lifsim.neurons.protocol import MEMBRANE
from lifsim.registry import Registry, registry_of
from tests.door.guests import BAD, BANDWIDTH, figures, guest, told


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


def window(**changed: Any) -> property:
    """That of a convolution, changed."""
    return property(lambda self: replace(Conv.window.fget(self), **changed))  # type: ignore[attr-defined]


def put_out(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """A forward whose maps are changed."""

    def forward(self: Any, given: Any) -> Any:
        plain = Conv.forward(self, given)
        return lambda inputs: change(plain(inputs))

    return forward


LAYER_RULES = [
    ({"kind": "conv"}, "node: must return a GuestConv with kind 'guest'"),
    ({"window": window(in_shape=(2, 6, 7))}, "node: must return a GuestConv with a window over 72 elements"),
    ({"window": window(out_shape=(4, 6, 7))}, "node: .* a window that puts out 144 elements"),
    ({"window": window(stride=(1, 0))}, "node: .* a window of kernel, stride and groups >= 1"),
    ({"window": window(groups=3)}, "node: .* groups that divide channels and filters"),
    ({"window": window(padding=(0, 0))}, r"node: .* a window of floor\(\(H \+ 2p - R\) / s\) \+ 1 outputs"),
    ({"weight_shape": (4, 2, 3, 4)}, "node: .* a weight_shape of 72 weights"),
    ({"weight_shape": None}, "node: .* a weight_shape of 72 weights"),
    ({"forward": put_out(lambda map_: map_[..., 1:])}, r"forward: must return floating-point numbers \[.*, 6, 6, 4\]"),
    ({"forward": put_out(lambda map_: map_.astype(int))}, "forward: must return floating-point numbers"),
]


@pytest.mark.parametrize(("parts", "words"), LAYER_RULES)
def test_a_layer_that_does_not_fit_is_told_by_the_rule(
    parts: dict[str, Any], words: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    registered("layer", guest_layer(**parts))
    with pytest.raises(InputError, match=rf"^member guest \(guests\) {words}"):
        figures(tmp_path, *BANDWIDTH, conv="guest", spikes="engine")


def test_gradients_of_another_shape_are_told(registered: Callable[..., None], tmp_path: Path) -> None:
    class Short(Backward):
        def of_weights(self, x: Any, *_: Any) -> Any:
            return x

        def of_input(self, x: Any, *_: Any) -> Any:
            return x[1:]

    Short.__module__ = "guests.module"
    registered("layer", guest_layer(backward=lambda _: Short()))
    figures(tmp_path, *BANDWIDTH, conv="guest")
    found = load_workload(str(tmp_path / "net.yaml")).node("conv").backward()  # type: ignore[attr-defined]
    x = np.ones((2, 3), np.float32)
    with pytest.raises(InputError, match=r"member guest \(guests\) of_input: must return gradients \[2, 3\]"):
        found.of_input(x, x, x, None)
    with pytest.raises(InputError, match=r"member guest \(guests\) of_(both|input): must return gradients \[2, 3\]"):
        found.of_both(x, x, x, None)


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
    lif = registry_of("neuron")["lif"]
    asked = [name for name in (*vars(NeuronModel), *inspect.get_annotations(NeuronModel)) if not name.startswith("_")]
    parts = {name: getattr(type(lif), name, getattr(lif, name)) for name in asked}
    plain = type("Plain", (), parts | {"name": "plain", "__module__": "guests"})
    with pytest.raises(TypeError, match="must be a frozen dataclass with a parameter threshold"):
        registry_of("neuron").register(plain)
    other = StateVariable("other", "other")
    for states in ((), (other, MEMBRANE), (MEMBRANE, other, other)):
        with pytest.raises(TypeError, match=r"Guest\.states must have MEMBRANE first, and no name twice"):
            registry_of("neuron").register(guest("neuron", "lif", states=states))
    for datapaths in (0, 1025):
        with pytest.raises(TypeError, match=rf"Guest\.datapaths must be 1 to 1024, is {datapaths}"):
            registry_of("neuron").register(guest("neuron", "lif", datapaths=datapaths))
    for name in ("state_values", "multiply_adds", "divisions"):
        with pytest.raises(TypeError, match=rf"Guest\.{name} must be at most 1024 per weight, is 1025"):
            registry_of("optimizer").register(guest("optimizer", "sgd", **{name: 1025}))


def test_what_a_reader_says_is_no_fault_of_its_own(registered: Callable[..., None]) -> None:
    def read(_: Any, module: Any) -> Any:
        if module == "odd":
            raise ValueError("it must be even")
        return {}["no such module"]

    registered("reader", guest("reader", "spikingjelly", read=read))
    reader = registry_of("reader")["guest"]
    with pytest.raises(ValueError, match=r"^it must be even$"):
        reader.read("odd")
    with pytest.raises(InputError, match=r"member guest \(guests\) read: must return Reading \| None, raised KeyError"):
        reader.read("none")


@pytest.mark.parametrize("how", ["at once", "when walked"])
def test_a_rule_across_keys_is_its_kind_s(how: str, registered: Callable[..., None], tmp_path: Path) -> None:
    class GuestKeys(ConvKeys):
        op: Literal["guest"]  # type: ignore[assignment]

        @rule
        def odd(self) -> Broken:
            if how == "at once":
                raise RuntimeError("of a rule")
            return (error for error in [1 // 0])

    registered("layer", guest("layer", "conv", keys=GuestKeys))
    with pytest.raises(
        InputError, match=r"^member guest \(guests\) odd: must return Iterator\[tuple\[str, str\]\], raised"
    ):
        figures(tmp_path, *BANDWIDTH, conv="guest")


def test_what_a_member_asks_of_libraries_is_blamed_on_it(
    registered: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is called by pydantic then, which no door is before."""

    class GuestKeys(ConvKeys):
        op: Literal["guest"]  # type: ignore[assignment]
        out: Annotated[int, BeforeValidator(lambda _: 1 // 0)]  # type: ignore[assignment]

    registered("layer", guest("layer", "conv", keys=GuestKeys, __module__=__name__))
    with pytest.raises(ZeroDivisionError):
        figures(tmp_path, *BANDWIDTH, conv="guest")
    assert main(["run", "--workload", str(tmp_path / "net.yaml"), "--set", "dram.model=ideal"]) == 2
    told = capsys.readouterr().err
    assert "member guest (tests): must work, raised ZeroDivisionError" in told
    assert "; mend tests.door.test_made, or name another layer kind" in told
