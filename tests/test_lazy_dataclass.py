"""Is a class of `lazy_dataclass` what `dataclasses` makes of it, every one of LIFSim's among them?"""

from __future__ import annotations

import ast
import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, field, fields, replace
from functools import cached_property
from operator import eq
from pathlib import Path
from typing import Any, ClassVar

import pytest

import lifsim
from lifsim.hardware.gemm import ArrayShape
from lifsim.lazy_dataclass import dataclass

PRODUCT = Path(lifsim.__file__).parent
METHODS = ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__")
Decorate = Callable[..., Any]


def modules() -> Iterator[Any]:
    """All of LIFSim's that can be imported here: some need a package that need not be there."""
    for found in pkgutil.walk_packages([str(PRODUCT)], "lifsim."):
        if found.name != "lifsim.__main__":
            try:
                yield importlib.import_module(found.name)
            except ImportError:
                continue


CLASSES = {
    f"{one.__module__}.{one.__qualname__}": one
    for module in modules()
    for one in vars(module).values()
    if isinstance(one, type) and one.__module__ == module.__name__ and "__dataclass_params__" in vars(one)
}


def again(cls: Any, decorate: Decorate) -> Any:
    """A class of the same fields, bases and methods, decorated so. In the place of its checks it notes that they are
    made: the values of these tests would not pass them."""
    said = cls.__dataclass_params__
    skipped = {
        "__dict__",
        "__weakref__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__match_args__",
        "__replace__",
    }
    generated = METHODS if said.frozen else METHODS[:4]
    body = {
        name: value
        for name, value in vars(cls).items()
        if name not in skipped and not (name in generated and made_by_decorator(value))
    }
    if body.get("__hash__", 0) is None:
        del body["__hash__"]
    own = cls.__dataclass_fields__
    body |= {name: copy.copy(own[name]) for name in inspect.get_annotations(cls) if is_field(own[name])}
    if hasattr(cls, "__post_init__"):
        body["__post_init__"] = lambda self: object.__setattr__(self, "_checked", True)
    bases = vars(cls).get("__orig_bases__", cls.__bases__)
    twin = types.new_class(cls.__name__, types.resolve_bases(bases), {}, lambda names: names.update(body))
    made = decorate(eq=said.eq, repr=said.repr, frozen=said.frozen)(twin)
    fields(made)  # collects them, which looks for what is abstract
    made.__abstractmethods__ = frozenset()  # what an abstract one has, its members inherit
    return made


def made_by_decorator(method: object) -> bool:
    code = getattr(inspect.unwrap(method), "__code__", None) if callable(method) else None
    return not isinstance(method, types.FunctionType | type(None)) or (
        code is not None and (code.co_filename == "<string>" or "dataclass" in code.co_filename)
    )


def is_field(one: Any) -> bool:
    return one._field_type is dataclasses._FIELD  # type: ignore[attr-defined]


def values(cls: Any) -> dict[str, Any]:
    return {one.name: f"{one.name} of {cls.__name__}" for one in fields(cls) if one.init}


def signature(cls: Any) -> list[tuple[Any, ...]]:
    return [
        (one.name, one.kind, one.annotation, repr(one.default))
        for one in inspect.signature(cls.__init__).parameters.values()
    ]


@pytest.mark.parametrize("name", CLASSES)
def test_it_is_what_dataclasses_makes(name: str) -> None:
    cls = CLASSES[name]
    lazy, whole = again(cls, dataclass), again(cls, dataclasses.dataclass)
    assert signature(lazy) == signature(whole)
    assert lazy.__match_args__ == whole.__match_args__ == cls.__match_args__
    assert repr(lazy.__dataclass_params__) == repr(whole.__dataclass_params__) == repr(cls.__dataclass_params__)
    assert [repr(one) for one in fields(lazy)] == [repr(one) for one in fields(whole)]
    assert [name in vars(lazy) for name in METHODS] == [name in vars(whole) for name in METHODS]
    given = values(cls)
    ours, theirs = lazy(**given), whole(**given)
    told = [{key: value for key, value in vars(one).items() if value in given.values()} for one in (ours, theirs)]
    assert told[0] == told[1]
    assert vars(ours).keys() == vars(theirs).keys()
    assert outcome(repr, ours) == outcome(repr, theirs)
    if "__hash__" not in vars(cls) or made_by_decorator(vars(cls)["__hash__"]):
        assert outcome(hash, ours) == outcome(hash, theirs) or not cls.__dataclass_params__.eq
    for key in given:
        changed = given | {key: "changed"}
        assert outcome(eq, ours, lazy(**changed)) == outcome(eq, theirs, whole(**changed)), key
    assert ours != theirs
    assert outcome(setattr, ours, next(iter(given), "x"), 1) == outcome(setattr, theirs, next(iter(given), "x"), 1)
    assert outcome(setattr, ours, "no field", 1) == outcome(setattr, theirs, "no field", 1)
    assert outcome(delattr, ours, "no field") == outcome(delattr, theirs, "no field")
    assert outcome(lazy, no_such=1) == outcome(whole, no_such=1)


def outcome(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return call(*arguments, **named)
    except Exception as error:
        return type(error), str(error)


def test_every_class_of_the_package_is_looked_at() -> None:
    assert len(CLASSES) > 500
    assert sum(one.__dataclass_params__.frozen for one in CLASSES.values()) > 470


def test_every_class_says_what_it_is() -> None:
    """Or `dataclasses` works out its signature to say it, which takes some thousandths of a second."""
    unsaid = {name for name, one in CLASSES.items() if not one.__doc__ or one.__doc__.startswith(f"{one.__name__}(")}
    assert unsaid == set()


def test_modules_take_it_from_one_place() -> None:
    for path in PRODUCT.rglob("*.py"):
        if path.stem != "lazy_dataclass":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "dataclasses":
                    assert "dataclass" not in {alias.name for alias in node.names}, path


@dataclass(frozen=True)
class Point:
    """One with all that a field can be."""

    x: int
    y: int = 2
    seen: list[int] = field(default_factory=list)
    noted: list[int] = field(default_factory=list, init=False, repr=False, compare=False)
    named: str = field(default="p", kw_only=True)
    told: str | None = field(default=None, hash=False)

    @cached_property
    def total(self) -> int:
        """Kept, though it is frozen."""
        return self.x + self.y


@dataclass(frozen=True)
class Checked(Point):
    """One that inherits and checks itself."""

    z: int = 0

    def __post_init__(self) -> None:
        if self.z < 0:
            raise ValueError("z must be >= 0")


class Plain(Point):
    """One that inherits and is no dataclass."""


@dataclasses.dataclass(frozen=True)
class Foreign(Point):
    """One of another package, which knows nothing of this."""

    w: int = 4


def test_fields_of_every_sort() -> None:
    one = Point(1, seen=[3], named="q")
    assert (one.x, one.y, one.seen, one.noted, one.named, one.told) == (1, 2, [3], [], "q", None)
    assert Point(1).seen is not Point(1).seen
    assert one.total == 3
    assert repr(one) == "Point(x=1, y=2, seen=[3], named='q', told=None)"
    assert replace(Point(1), y=5) == Point(1, 5) != Point(1)
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    match one:
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_what_is_compared_and_hashed_is_said_field_by_field() -> None:
    @dataclass(frozen=True)
    class Some:
        both: int
        compared: list[int] = field(hash=False, default_factory=list)
        neither: int = field(compare=False, default=0)
        hashed: int = field(compare=False, hash=True, default=0)

    assert Some(1, [2], 3, 4) == Some(1, [2], 5, 6) != Some(1, [0], 3, 4)
    assert hash(Some(1, [2], 3, 4)) == hash((1, 4))


def test_it_is_frozen() -> None:
    one = Point(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        one.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del one.x
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'other'"):
        one.other = 2  # type: ignore[attr-defined]
    plain = Plain(1)
    plain.other = 2  # type: ignore[attr-defined]
    assert plain.other == 2  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        plain.x = 2  # type: ignore[misc]
    del plain.other  # type: ignore[attr-defined]


def test_classes_that_inherit() -> None:
    assert Checked(1, z=3) == Checked(1, z=3) != Point(1)
    assert repr(Checked(1, z=3)) == "Checked(x=1, y=2, seen=[], named='p', told=None, z=3)"
    with pytest.raises(ValueError, match="z must be >= 0"):
        Checked(1, z=-1)
    assert Foreign(1).w == 4
    assert Foreign(1) == Foreign(1) != Point(1)
    assert Plain(1) == Plain(1) != Point(1)
    with pytest.raises(TypeError, match="frozen"):

        @dataclasses.dataclass
        class Thawed(Point):  # type: ignore[misc]  # the point
            pass


def test_fields_that_are_said_again_stay_in_their_place() -> None:
    class Named:
        label = "n"

    def make(decorate: Decorate) -> Any:
        @decorate(frozen=True)
        class Base:
            """Three fields."""

            x: int = 1
            y: int = 2
            z: int = 3

        @decorate(frozen=True)
        class Again(Base, Named):
            """One of another default, one of the same, one whose default is its base's."""

            y: int = 5
            x: float
            label: str

        @decorate(frozen=True)
        class Sorted(Again):
            """And what is no field."""

            kind: ClassVar[str] = "k"
            w: int = 6

        return Again, Sorted

    for lazy, whole in zip(make(dataclass), make(dataclasses.dataclass), strict=True):
        assert signature(lazy) == signature(whole)
        assert vars(lazy()) == vars(whole())
        assert vars(lazy())["label"] == "n"
        assert repr(lazy()) == repr(whole())
        assert hash(lazy()) == hash(whole())
        assert [repr(one) for one in fields(lazy)] == [repr(one) for one in fields(whole)]


def test_a_class_that_calls_the_constructor_of_its_base() -> None:
    class Doubled(Point):
        def __init__(self, x: int) -> None:
            super().__init__(2 * x)

    assert Doubled(2).x == 4
    assert Doubled(2) == Doubled(2)


def test_what_is_wrong_with_fields_is_told_at_import() -> None:
    with pytest.raises(ValueError, match="mutable default"):

        @dataclass(frozen=True)
        class Shared:
            seen: list[int] = []  # noqa: RUF012


def test_a_field_without_a_default_behind_one_that_has_one_is_refused() -> None:
    @dataclass(frozen=True)
    class Backwards:
        x: int = 1
        y: int  # type: ignore[misc]  # the point

    with pytest.raises(TypeError, match="non-default argument 'y' follows default argument"):
        Backwards(1, 2)


def test_the_default_of_a_field_is_not_what_stands_for_it() -> None:
    assert Point.named == "p"
    assert not hasattr(Point, "seen")
    assert Point.__dataclass_fields__["told"].default is None


def test_own_methods_stay() -> None:
    @dataclass(frozen=True)
    class Own:
        x: int

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "own"

    @dataclass(frozen=True)
    class Unhashed:
        x: int
        __hash__ = None  # type: ignore[assignment]

    assert Own(1) == 2
    assert repr(Own(1)) == "own"
    assert hash(Own(1)) == hash((1,))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Unhashed(1))


def test_a_record_that_holds_itself_is_told() -> None:
    seen: list[Any] = []
    one = Point(1, seen=seen)
    seen.append(one)
    assert repr(one) == "Point(x=1, y=2, seen=[...], named='p', told=None)"


def test_nothing_is_made_before_it_is_used() -> None:
    @dataclass(frozen=True)
    class Fresh:
        """Or its fields would be collected to say what it is."""

        x: int

    def waiting() -> set[str]:
        return {name for name in METHODS if not isinstance(vars(Fresh)[name], types.FunctionType)}

    assert waiting() == {"__init__", "__repr__", "__eq__", "__hash__"}
    assert not isinstance(vars(Fresh)["__dataclass_fields__"], dict)
    assert dataclasses.is_dataclass(Fresh)
    assert [one.name for one in fields(Fresh)] == ["x"]
    assert isinstance(vars(Fresh)["__dataclass_fields__"], dict)
    assert waiting() == {"__init__", "__repr__", "__eq__", "__hash__"}
    assert Fresh(1).x == 1
    assert waiting() == {"__repr__", "__eq__", "__hash__"}
    assert {Fresh(1)} == {Fresh(1)}
    assert waiting() == {"__repr__"}
    assert repr(Fresh(1)).endswith("Fresh(x=1)")
    assert waiting() == set()


def test_threads_that_ask_at_once() -> None:
    for _ in range(50):

        @dataclass(frozen=True)
        class Fresh:
            x: int

        start, made = threading.Barrier(4), []

        def make(start: threading.Barrier = start, made: list[Any] = made, fresh: Any = Fresh) -> None:
            start.wait()
            made.append(fresh(1))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(made)) == 1
        assert len(made) == 4


def test_another_process_gets_it_whole() -> None:
    """There nobody has called its constructor when it is compared, hashed and told."""
    shape = ArrayShape(16, 8)
    code = (
        "import pickle, sys; one, other = pickle.load(sys.stdin.buffer)\n"
        "assert one == other and one is not other and len({one, other}) == 1\n"
        "print(repr(one))"
    )
    pair = pickle.dumps((shape, copy.copy(shape)))
    done = subprocess.run([sys.executable, "-c", code], input=pair, capture_output=True, check=True)
    assert done.stdout.decode().strip() == repr(shape)
