"""Are schemas those that pydantic makes of the same words?"""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest
from pydantic import TypeAdapter
from pydantic_core import SchemaValidator, ValidationError

from lifsim.model.arch import Precision
from lifsim.model.core import core_of
from lifsim.model.keys import AfterValidator, BeforeValidator, Field, PlainValidator, key_of
from lifsim.model.schema import Broken, Model, rule


class Round(Model):
    """One of a union."""

    shape: Literal["round", "oval"]
    radius: Annotated[int, Field(ge=1)] = 7


class Square(Model):
    """The other."""

    shape: Literal["square"]
    sides: dict[str, int] = key_of(default_factory=dict)


class Named(Model):
    """With keys that files call otherwise."""

    kind: Literal["named"] = key_of(alias="class")
    count: int = key_of(default=3, alias="how-many")


class Ruled(Model):
    """With a rule."""

    count: Annotated[int, Field(strict=True)]

    @rule
    def is_odd(self) -> Broken:
        """It has no half."""
        if self.count % 2 == 0:
            yield "count", "must be odd"


class PydanticRound(pydantic.BaseModel):
    """As Round."""

    model_config = pydantic.ConfigDict(extra="forbid", title="Round")
    shape: Literal["round", "oval"]
    radius: Annotated[int, pydantic.Field(ge=1)] = 7


class PydanticSquare(pydantic.BaseModel):
    """As Square."""

    model_config = pydantic.ConfigDict(extra="forbid", title="Square")
    shape: Literal["square"]
    sides: dict[str, int] = pydantic.Field(default_factory=dict)


def _halved(value: Any) -> Any:
    if value == 6:
        raise ValueError("six")
    return value / 2 if isinstance(value, int) else value


def _checked(value: Any) -> Any:
    if value == 6:
        raise ValueError("six")
    return value


def _many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _both(**bounds: Any) -> tuple[Field, Any]:
    return Field(**bounds), pydantic.Field(**bounds)


def _pairs() -> list[tuple[Any, Any]]:
    """The same kind in words of LIFSim and of pydantic."""
    plain = [int, float, bool, str, Any, None, Path, Path | None, int | None, float | str, Literal["a", 2]]
    plain += [tuple[int, ...], tuple[int, str], list[float], dict[str, int], dict[str, list[int] | None]]
    of_int = [{"ge": 2, "strict": True}, {"gt": 2}, {"le": 2}, {"lt": 2, "ge": -1}, {"strict": True, "le": 4}]
    of_float = [{"allow_inf_nan": False}, {"gt": 0, "le": 3.5, "strict": True}, {"ge": 0}]
    of_text = [{"pattern": "^[a-c]+$"}, {"min_length": 2, "max_length": 3, "strict": True}]
    bounded = [(int, one) for one in of_int] + [(float, one) for one in of_float] + [(str, one) for one in of_text]
    bounded += [(tuple[int, ...], {"min_length": 1, "max_length": 2}), (dict[str, int], {"max_length": 1})]
    bounded += [(bool, {"strict": True}), (list[int], {"min_length": 2})]
    pairs = [(kind, kind) for kind in plain]
    for kind, bounds in bounded:
        own, theirs = _both(**bounds)
        pairs.append((Annotated[kind, own], Annotated[kind, theirs]))
        pairs.append((Annotated[kind, own] | None, Annotated[kind, theirs] | None))
    for own, theirs in (
        (BeforeValidator, pydantic.BeforeValidator),
        (AfterValidator, pydantic.AfterValidator),
        (PlainValidator, pydantic.PlainValidator),
    ):
        pairs.append((Annotated[int, own(_halved)], Annotated[int, theirs(_halved)]))
    for bounds in ({"ge": 2}, {"le": 3, "strict": True}):
        own, theirs = _both(**bounds)
        checked = pydantic.BeforeValidator(_checked), theirs
        pairs.append((Annotated[int, BeforeValidator(_checked), own], Annotated[int, *checked]))
    for bounds in ({"min_length": 1}, {"max_length": 1}, {"min_length": 1, "max_length": 2}):
        own, theirs = _both(**bounds)
        before = BeforeValidator(_many), own
        pairs.append((Annotated[tuple[int, ...], *before], Annotated[tuple[int, ...], BeforeValidator(_many), theirs]))
    own, theirs = _both(discriminator="shape")
    pairs.append((Annotated[Round | Square, own], Annotated[PydanticRound | PydanticSquare, theirs]))
    pairs.append((Round, PydanticRound))
    return pairs


VALUES: list[Any] = [
    *(0, 1, 2, 3, 4, 6, -1, 2.0, 2.5, 1e300, float("nan"), float("inf"), True, False, None, object, Path("x")),
    *("", "a", "abc", "abcd", "2", "x/y", [], [1], [1, 2], [1, "b"], (1, "b"), [1, 2, 3], ["a"]),
    *({}, {"a": 1}, {"a": [1]}, {"a": None}, {"a": "b", "c": 2}, {1: 1}, {"radius": 1}, {"shape": "x"}),
    *({"shape": "round"}, {"shape": "oval", "radius": 0}, {"shape": "round", "more": 1}),
    *({"shape": "square", "sides": {"a": 1}}, {"shape": "square", "radius": 1}),
]


def _outcome(validator: Any, value: Any) -> Any:
    """What comes of it: the value, as far as it can be told, or each error with its place."""
    try:
        made = validator.validate_python(value)
    except ValidationError as error:
        return [(one["type"], one["loc"], str(one.get("ctx")).replace("Pydantic", "")) for one in error.errors()]
    return type(made).__name__.removeprefix("Pydantic"), repr(made).removeprefix("Pydantic")


@pytest.mark.parametrize(("own", "theirs"), _pairs())
def test_values_are_judged_as_by_pydantic(own: Any, theirs: Any) -> None:
    mine, oracle = SchemaValidator(core_of(own)), TypeAdapter(theirs)
    for value in VALUES:
        assert _outcome(mine, value) == _outcome(oracle, value), value


def test_words_of_pydantic_may_stand_beside() -> None:
    """And models in models of pydantic: so do those of other packages."""
    mixed = SchemaValidator(core_of(Annotated[Annotated[int, Field(ge=2)], pydantic.Field(le=4)]))
    assert [_outcome(mixed, value)[0] for value in (3, 4)] == ["int", "int"]
    assert [_outcome(mixed, value)[0][0] for value in (1, 5)] == ["greater_than_equal", "less_than_equal"]
    around = TypeAdapter(dict[str, Round])
    assert around.validate_python({"a": {"shape": "oval"}}) == {"a": Round(shape="oval")}
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        around.validate_python({"a": {"shape": "oval", "sides": 3}})


def test_bounds_are_of_what_is_given() -> None:
    with pytest.raises(TypeError, match=r"Field\(.*ge=2.*\) must stand before .*_halved.*, which makes the value"):
        core_of(Annotated[int, AfterValidator(_halved), Field(ge=2)])


def test_defaults_may_be_in_words_of_pydantic() -> None:
    class Foreign(Model):
        name: str = pydantic.Field(alias="called", min_length=2)
        gain: int = pydantic.Field(default=3, ge=1, strict=True)
        taps: tuple[int, ...] = pydantic.Field(default_factory=lambda: (1, 2))
        form: Round | Square = pydantic.Field(default=Square(shape="square"), discriminator="shape")

    whole = Foreign.model_validate({"called": "xy"})
    assert (whole.name, whole.gain, whole.taps, whole.form.shape) == ("xy", 3, (1, 2), "square")
    with pytest.raises(ValidationError) as caught:
        Foreign.model_validate({"called": "x", "gain": 0, "taps": [None], "form": {"shape": "flat"}})
    kinds = [(error["type"], error["loc"]) for error in caught.value.errors()]
    assert kinds == [
        ("string_too_short", ("called",)),
        ("greater_than_equal", ("gain",)),
        ("int_type", ("taps", 0)),
        ("union_tag_invalid", ("form",)),
    ]
    assert Foreign.model_validate({"called": "xy", "gain": 5}).gain == 5
    with pytest.raises(ValidationError, match="valid integer"):
        Foreign.model_validate({"called": "xy", "gain": "5"})


def test_files_call_keys_by_their_aliases() -> None:
    named = Named.model_validate({"class": "named", "how-many": 4})
    assert named.model_dump() == {"kind": "named", "count": 4}
    assert Named.model_validate({"class": "named"}).count == 3
    with pytest.raises(ValidationError):
        Named.model_validate({"kind": "named"})
    either = SchemaValidator(core_of(Annotated[Named | OtherNamed, Field(discriminator="kind")]))
    assert type(either.validate_python({"class": "other"})) is OtherNamed


class OtherNamed(Model):
    """Told apart by a key with an alias."""

    kind: Literal["other"] = key_of(alias="class")


def test_a_model_is_a_value() -> None:
    one = Round(shape="round")
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one)), one.model_copy()):  # noqa: S301
        assert other == one
        assert hash(other) == hash(one)
        assert other.model_dump() == {"shape": "round", "radius": 7}
    assert one.model_copy(update={"radius": 2}) == Round(shape="round", radius=2) != one
    assert Round.model_construct(shape=3) == Round.unchecked({"radius": 7, "shape": 3})
    assert one.model_dump(exclude={"shape"}) == {"radius": 7}
    assert repr(one) == "Round(shape='round', radius=7)"
    assert one != PydanticRound(shape="round")
    for change in (lambda: setattr(one, "radius", 3), lambda: delattr(one, "radius")):
        with pytest.raises(AttributeError, match=r"'radius'.* frozen"):
            change()
    with pytest.raises(ValidationError, match=r"^1 validation error for Ruled\n"):
        Ruled(count="x")
    with pytest.raises(AttributeError, match="no attribute 'sides'"):
        _ = one.sides  # type: ignore[attr-defined]


def test_factories_make_each_model_its_own() -> None:
    first, second = Square(shape="square"), Square(shape="square")
    assert first.sides == second.sides == {}
    assert first.sides is not second.sides


def test_defaults_are_not_of_the_class() -> None:
    """Where a key is not known, its default does not stand in."""
    assert not hasattr(Precision, "weight_bits")
    assert Precision.model_fields["weight_bits"].default == 8
