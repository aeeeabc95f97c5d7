"""Does ``--set`` change exactly the key that it names, and is what it sets judged like the file?"""

from __future__ import annotations

import pytest

from lifsim.config.arch import load_arch
from lifsim.config.document import parse_document
from lifsim.config.overrides import override
from lifsim.errors import InputError

TEXT = "a: {b: 1, c: 2}\nlist:\n- {name: x, v: 1}\n- {name: y, v: 2}\nflat: [1, 2]\nnothing: null\n"


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("a.b=7", ("a", "b"), 7),
        ("a.b=64KiB", ("a", "b"), "64KiB"),
        ("a.b=[1, {z: 2}]", ("a", "b"), [1, {"z": 2}]),
        ("a.b=x=y", ("a", "b"), "x=y"),
        ("a.b=null", ("a", "b"), None),
        ("a.new=true", ("a", "new"), True),
        ("brand.new=1", ("brand", "new"), 1),
        ("nothing.deep=1", ("nothing", "deep"), 1),
        ("list.y.v=5", ("list", 1, "v"), 5),
        ("list.0.v=5", ("list", 0, "v"), 5),
        ("flat.1=5", ("flat", 1), 5),
        (" a.b = 7", ("a", "b"), 7),
    ],
)
def test_a_setting_reaches_its_key_and_no_other(setting: str, path: tuple[str | int, ...], value: object) -> None:
    before = parse_document(TEXT, "f.yaml")
    after = override(before, [setting])
    assert after.faults == ()
    found = after.data
    for part in path:
        found = found[part]
    assert found == value
    assert after.marks[path].source == f"--set {setting.partition('=')[0].strip()}"
    assert before == parse_document(TEXT, "f.yaml")
    kept = {mark: place for mark, place in before.marks.items() if mark[:1] != path[:1]}
    assert kept.items() <= after.marks.items()


def test_the_last_setting_of_a_key_wins() -> None:
    assert override(parse_document(TEXT, "f"), ["a.b=7", "a.b=8"]).data["a"]["b"] == 8


def test_marks_of_what_was_replaced_are_gone() -> None:
    after = override(parse_document(TEXT, "f"), ["a=3"])
    assert not [path for path in after.marks if path[:1] == ("a",) and len(path) > 1]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("a.b", "--set a.b: must have the form key.path=value"),
        ("=3", "--set =3: must have the form key.path=value"),
        ("a..b=3", "--set a..b=3: must have the form key.path=value"),
        ("a.b=", "--set a.b: must not be empty"),
        ("a.b=[1", "--set a.b:1:3: must be valid YAML: "),
        ("a.b={x: 1, x: 2}", "--set a.b:1:8 x: must be given once, is given in line 1 already"),
        ("a.b.c=3", "--set a.b.c: a.b is 1, must be a mapping to have the key 'c'"),
        ("list.z.v=3", "--set list.z.v: 'z' must be the name of an entry of list or its position, 0 to 1; valid: x, y"),
        ("flat.2=3", "--set flat.2: '2' must be the name of an entry of flat or its position, 0 to 1"),
        ("flat.-1=3", "--set flat.-1: '-1' must be the name of an entry of flat or its position, 0 to 1"),
    ],
)
def test_a_setting_that_leads_nowhere_is_a_fault(setting: str, message: str) -> None:
    (fault,) = override(parse_document(TEXT, "f.yaml"), [setting]).faults
    assert str(fault).startswith(message)


def test_settings_are_judged_with_the_file_all_at_once() -> None:
    settings = ["buffers.weight.sizebytes=64KiB", "array.rows=0", "components.ader.width_bits=8", "lif.units=x"]
    with pytest.raises(InputError) as caught:
        load_arch("sata128", settings)
    assert [str(fault) for fault in caught.value.faults] == [
        "--set components.ader.width_bits: 'ader' must be the name of an entry of components or its position, 0 to 12;"
        " did you mean 'adder'?",
        "--set array.rows: 0 must be >= 1",
        "--set lif.units: 'x' must be a whole number",
        "--set buffers.weight.sizebytes: is not a known key; did you mean 'size_bytes'?",
    ]


def test_settings_of_an_arch_arrive_in_it() -> None:
    arch = load_arch("sata128", ["buffers.weight.size_bytes=64KiB", "components.adder.width_bits=16", "lif.units=64"])
    assert arch.buffers.weight.size_bytes == 65536
    assert next(c.width_bits for c in arch.components if c.name == "adder") == 16
    assert arch.lif.units == 64
