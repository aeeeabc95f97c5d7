"""Is a member that forgets something refused when it registers, with the name of what it forgot?"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pytest

from lifsim.accounting import Accounting
from lifsim.config.operation import ProductOperation, WeightOperation
from lifsim.contract import asked_where, made
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Dataflow, Folds, Gemm
from lifsim.hardware.array.dataflow import FoldWords
from lifsim.hardware.memory import MEMORIES, Memory
from lifsim.layers import LAYERS, LayerKind
from lifsim.model.network import Tensor
from lifsim.model.product import Product
from lifsim.neurons import NEURONS, NeuronModel
from lifsim.registry import KINDS, Registry, registry_of


def asked(protocol: type) -> Iterator[str]:
    """Every public name of a protocol."""
    yield from (name for name in vars(protocol) if not name.startswith("_"))
    yield from (name for name in inspect.get_annotations(protocol) if name not in vars(protocol))


def parts_of(registry: Registry[Any]) -> dict[str, Any]:
    """What a shipped member answers, of a class that inherits nothing, under another name."""
    member = registry[min(registry)]
    parts = {name: getattr(type(member), name, getattr(member, name, None)) for name in asked(registry.protocol)}
    return parts | {"name": "forgetful", "__module__": __name__}


EVERY = [(kind, name) for kind in KINDS for name in asked(registry_of(kind).protocol)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_needs_no_more_than_the_protocol_has(kind: str) -> None:
    registry = registry_of(kind)
    assert made(type("Whole", (), parts_of(registry)), registry.protocol).name == "forgetful"
    assert all(isinstance(made(type(one), registry.protocol), type(one)) for one in registry.values())


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_member_that_forgets_one_thing_does_not_register(kind: str, name: str) -> None:
    """Whatever of it, where nothing is inherited."""
    registry = registry_of(kind)
    parts = {key: part for key, part in parts_of(registry).items() if key != name}
    with pytest.raises(TypeError, match=rf"^Forgetful must have {name}, as {registry.protocol.__name__} asks$"):
        registry.register(type("Forgetful", (), parts))
    assert "forgetful" not in registry


OPEN = [
    (kind, name)
    for kind, name in EVERY
    if name not in vars(registry_of(kind).protocol)
    or hasattr(getattr(registry_of(kind).protocol, name), "__isabstractmethod__")
]


@pytest.mark.parametrize(("kind", "name"), OPEN)
def test_what_the_protocol_leaves_open_is_not_inherited(kind: str, name: str) -> None:
    registry = registry_of(kind)
    parts = {key: part for key, part in parts_of(registry).items() if key != name}
    with pytest.raises(TypeError, match=rf"^Forgetful must have {name}, as {registry.protocol.__name__} asks$"):
        registry.register(type("Forgetful", (registry.protocol,), parts))


class Lazy(Accounting):
    """It counts without a schedule, and does not say how."""

    name, title, scheduled = "lazy", "lazy", False

    def costs(self, arch: Any) -> Any:
        raise NotImplementedError


class Eager(Lazy):
    """Nor does it under one."""

    scheduled = True


class Waiting(Memory):
    """Somebody waits for it, and it does not play."""

    name = title = "waiting"


class Rows(type(DATAFLOWS["ws"])):  # type: ignore[misc]
    """It holds pixels in its rows, and does not say how they wait."""

    name, holds_pixels = "rows", True


class Keys(ProductOperation):
    """Keys that make no layer."""


class Keyless(LayerKind):
    """A kind of such layers."""

    name = title = plural = "keyless"
    keys = Keys


@pytest.mark.parametrize(
    ("member", "protocol", "forgotten"),
    [
        (Lazy, Accounting, "count_unscheduled"),
        (Eager, Accounting, "count"),
        (Waiting, Memory, "play"),
        (Rows, Dataflow, "row_waits"),
        (Keyless, LayerKind, "keys.node, keys.reads"),
    ],
)
def test_what_is_asked_of_such_a_member_alone_is_not_forgotten(member: type, protocol: type, forgotten: str) -> None:
    with pytest.raises(TypeError, match=rf"^{member.__name__} must have {forgotten}, as {protocol.__name__} asks$"):
        made(member, protocol)


def test_a_neuron_that_can_be_undone_says_at_what_error() -> None:
    model = type(NEURONS["lif"])
    parts = {name: part for name, part in parts_of(NEURONS).items() if name not in ("undoing_error", "name")}
    parts |= {"cannot_be_undone": lambda _: None, "name": "undone"}
    with pytest.raises(TypeError, match=r"^Undone must have undoing_error, as NeuronModel asks$"):
        made(type("Undone", (NeuronModel,), parts), NeuronModel)
    assert made(model, NeuronModel) == model()


def test_all_that_is_forgotten_is_told_at_once() -> None:
    class Many(Protocol):
        name: str
        size: int
        many: bool = True

        @asked_where("many")
        def count(self) -> int:
            raise ValueError

    class Nothing(Many):
        name = "nothing"
        size = 0

    with pytest.raises(TypeError, match="must have name, size, as"):
        made(type("None_", (Many,), {}), Many)
    with pytest.raises(TypeError, match="must have count, as"):
        made(Nothing, Many)
    assert made(type("One", (Nothing,), {"many": False}), Many).size == 0


def test_the_registries_hold_them_to_it() -> None:
    """A class that is refused leaves no trace."""
    before = dict(MEMORIES), dict(LAYERS)
    for registry, member in ((MEMORIES, Waiting), (LAYERS, Keyless)):
        with pytest.raises(TypeError, match="must have"):
            registry.register(member)  # type: ignore[attr-defined]
    assert before == (dict(MEMORIES), dict(LAYERS))


class Hollow(Product):
    """A layer that does not say which products it is."""

    kind = "hollow"
    weight_shape = None


class HollowKeys(WeightOperation):
    """They make one."""

    def node(self, inputs: Sequence[Tensor]) -> Hollow:
        return Hollow(self.name, (), inputs[0])  # type: ignore[abstract]


class HollowKind(LayerKind):
    """A kind whose layers are not whole."""

    name = title = plural = "hollow"
    keys = HollowKeys


def test_a_layer_kind_whose_layers_are_not_whole_does_not_register() -> None:
    with pytest.raises(TypeError, match=r"^HollowKind must have Hollow.forward, Hollow.window, as LayerKind asks$"):
        made(HollowKind, LayerKind)


class Faster(type(DATAFLOWS["os"])):  # type: ignore[misc]
    """Folds of its own under the words of another."""

    name = title = "faster"

    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        return Folds(1, shape.pes, gemm.reduction, 0)


class Told(Faster):
    """And with words of its own."""

    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        return FoldWords(f"{shape.pes}", f"0*{gemm.reduction}", "nothing")


class Renamed(Told):
    """What inherits both has both."""

    name = "renamed"


def test_a_dataflow_of_other_folds_has_other_words() -> None:
    """Else `explain` would take apart what the cycles are not."""
    with pytest.raises(TypeError, match=r"^Faster must have words of its own beside its folds, as Dataflow asks$"):
        made(Faster, Dataflow)
    assert made(Told, Dataflow).name == "faster"
    assert made(Renamed, Dataflow).name == "renamed"


def test_a_memory_that_plays_otherwise_plays_its_sections_otherwise_too() -> None:
    """Unless it plays none: the player that it inherits is not asked then."""
    plain = type(MEMORIES["bandwidth"])

    class Slower(plain):  # type: ignore[valid-type,misc]
        name, title = "slower", "later"

        def play(self, *given: Any) -> Any:
            return super().play(*given)

    with pytest.raises(TypeError, match=r"Slower must have player of its own beside its play, as Memory asks$"):
        made(Slower, Memory)
    assert made(type("AtOnce", (Slower,), {"in_sections": False}), Memory).name == "slower"
    assert made(type("Whole", (Slower,), {"player": plain.player}), Memory).name == "slower"
