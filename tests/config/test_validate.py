"""Does every fault of a document say where it is, what is wrong and what is valid?"""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from lifsim.config.document import parse_document
from lifsim.config.validate import MAX_FAULTS, parse_model
from lifsim.errors import InputError
from lifsim.model.schema import Bits, Broken, Bytes, Cost, Count, Flag, Hertz, Model, Name, rule


class Leaf(Model):
    """Scalars of every kind."""

    count: Count = 1
    bits: Bits = 1
    size_bytes: Bytes = 1
    clock_hz: Hertz = 1
    cost_pj: Cost = 0.0
    flag: Flag = False
    name: Name = "x"
    choice: Literal["gate", "skip"] = "gate"
    node_nm: Literal[22, 28] = 22
    low: int = 0
    high: int = 9

    @rule
    def is_ordered(self) -> Broken:
        """One of two that are independent of each other."""
        if self.low > self.high:
            yield "low", f"{self.low} must be <= high, {self.high}"

    @rule
    def has_few_with_flag(self) -> Broken:
        """The other."""
        if self.count > 100 and self.flag:
            yield "", "must not have so many with flag"


class Round(Model):
    """One side of a union."""

    kind: Literal["round"]
    radius: Count


class Square(Model):
    """The other."""

    kind: Literal["square"]
    side: Count


class Tree(Model):
    """Containers of every kind."""

    leaf: Leaf
    leaves: tuple[Leaf, ...] = ()
    named: Annotated[dict[str, Leaf], Field(max_length=2)] | None = None
    shape: Annotated[Round | Square, Field(discriminator="kind")] | None = None
    pair: tuple[int, int] = (1, 1)


def _faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_model(Tree, parse_document(text, "f.yaml"))
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("count: 0", "0 must be >= 1"),
        ("count: -3", "-3 must be >= 1"),
        ("count: 2.5", "2.5 must be a whole number"),
        ("count: 2.0", "2.0 must be a whole number"),
        ("count: true", "true must be a whole number"),
        ("count: '4'", "'4' must be a whole number"),
        ("count: null", "null must be a whole number"),
        ("count: [1]", "a list must be a whole number"),
        ("count: {a: 1}", "a mapping must be a whole number"),
        ("count: 99999999999999999999999", "99999999999999999999999 must be <= 1048576"),
        ("bits: 65", "65 must be <= 64"),
        ("size_bytes: -3KiB", "'-3KiB' must be >= 0"),
        ("size_bytes: 1.5", "1.5 must come to a whole number"),
        ("size_bytes: 3 pages", "'3 pages' must be a whole number, with a unit or none, such as 32KiB"),
        ("size_bytes: 32kb", "'32kb' must be in bytes (B), not bits (b), such as 32KiB"),
        ("size_bytes: true", "true must be a whole number, with a unit or none, such as 32KiB"),
        ("size_bytes: 9e99", "9e+99 must be <= 1125899906842624"),
        ("clock_hz: 0MHz", "'0MHz' must be > 0"),
        ("cost_pj: -3", "-3 must be >= 0"),
        ("cost_pj: .nan", "nan must be finite"),
        ("cost_pj: 1e999", "inf must be finite"),
        ("cost_pj: 1e16", "1e+16 must be <= 1e+15"),
        ("cost_pj: cheap", "'cheap' must be a number"),
        ("cost_pj: true", "true must be a number"),
        ("flag: on", "'on' must be true or false"),
        ("flag: 1", "1 must be true or false"),
        ("name: 5", "5 must be text (in quotes, if it looks like a number)"),
        ("name: ''", "'' must have at least 1 character"),
        ("choice: gaet", "'gaet' must be one of gate, skip; did you mean 'gate'?"),
        ("choice: other", "'other' must be one of gate, skip"),
        ("node_nm: 23", "23 must be one of 22, 28"),
        ("cuont: 3", "is not a known key; did you mean 'count'?"),
        ("low: 10", "10 must be <= high, 9"),
    ],
)
def test_a_faulty_value_names_its_place_and_rule(entry: str, message: str) -> None:
    key = entry.partition(":")[0]
    expected_whole = f"f.yaml:2:3 leaf.{key}: {message}"
    assert _faults(f"leaf:\n  {entry}\n") == [expected_whole]


def test_a_mapping_of_too_much_says_how_much() -> None:
    assert _faults("leaf: {}\nnamed: {a: {}, b: {}, c: {}, d: {}}\n") == [
        "f.yaml:2:1 named: a mapping must have at most 2 entries, has 4"
    ]


def test_all_faults_are_told_at_once_in_reading_order() -> None:
    text = (
        "leaves:\n- count: 0\n  flga: true\n- 5\nleaf:\n  low: 4\n  high: 3\n  count: 101\n  flag: true\n"
        "extra: 1\nextra: 2\npair: [1]\nnamed: {x: {bits: 0}}\n"
    )
    assert _faults(text) == [
        "f.yaml:2:3 leaves.0.count: 0 must be >= 1",
        "f.yaml:3:3 leaves.0.flga: is not a known key; did you mean 'flag'?",
        "f.yaml:4:3 leaves.1: 5 must be a mapping of keys",
        "f.yaml:5:1 leaf: must not have so many with flag",
        "f.yaml:6:3 leaf.low: 4 must be <= high, 3",
        "f.yaml:10:1 extra: is not a known key; valid: leaf, leaves, named, shape, pair",
        "f.yaml:11:1 extra: must be given once, is given in line 10 already",
        "f.yaml:12:1 pair.1: must be given",
        "f.yaml:13:13 named.x.bits: 0 must be >= 1",
    ]


def test_a_missing_key_names_the_line_of_its_mapping() -> None:
    assert _faults("shape:\n  kind: round\nleaf: {}") == ["f.yaml:1:1 shape.radius: must be given"]
    assert _faults("pair: [1, 2]") == ["f.yaml:1:1 leaf: must be given"]


def test_a_union_is_judged_by_its_kind() -> None:
    assert _faults("leaf: {}\nshape: {kind: square, sied: 1}") == [
        "f.yaml:2:1 shape.side: must be given",
        "f.yaml:2:23 shape.sied: is not a known key; did you mean 'side'?",
    ]
    assert _faults("leaf: {}\nshape: {kind: sqare}") == [
        "f.yaml:2:1 shape.side: must be given",
        "f.yaml:2:9 shape.kind: 'sqare' must be one of round, square; did you mean 'square'?",
    ]
    assert _faults("leaf: {}\nshape: {side: 3}") == ["f.yaml:2:1 shape.kind: must be given"]


def test_a_document_that_is_no_mapping_is_refused() -> None:
    assert _faults("[1, 2]") == ["f.yaml:1:1: a list must be a mapping of keys"]
    assert _faults("just text") == ["f.yaml:1:1: a single value must be a mapping of keys"]


def test_a_fault_stays_on_one_line_whatever_the_input() -> None:
    (fault,) = _faults('leaf: {}\n"a\\nb\\e[31m": 1')
    assert "\n" not in fault
    assert "\x1b" not in fault


def test_a_hostile_file_is_refused_without_delay() -> None:
    faults = _faults("leaf: {}\n" + "\n".join(f"cuont{n}: 1" for n in range(20_000)))
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == f"f.yaml: has {20_000 - MAX_FAULTS:,} more faults"
