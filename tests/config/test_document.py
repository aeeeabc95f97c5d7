"""Are YAML files read as they are meant, with the place of every key, and refused when they are not YAML?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lifsim.config.document import MAX_BYTES, MAX_NODES, Mark, parse_document, read_document
from lifsim.config.resolve import Kind, find
from lifsim.errors import Fault, InputError


def _refused(text: str) -> list[str]:
    try:
        faults = parse_document(text, "f.yaml").faults
    except InputError as error:
        faults = error.faults
    return [str(fault) for fault in faults]


def test_marks_stand_at_the_key_and_at_the_list_entry() -> None:
    document = parse_document("a:\n  b: 1\nc:\n  - x: 2\n  - [3, 4]\n", "f.yaml")
    assert document.data == {"a": {"b": 1}, "c": [{"x": 2}, [3, 4]]}
    assert document.marks == {
        (): Mark("f.yaml", 1, 1),
        ("a",): Mark("f.yaml", 1, 1),
        ("a", "b"): Mark("f.yaml", 2, 3),
        ("c",): Mark("f.yaml", 3, 1),
        ("c", 0): Mark("f.yaml", 4, 5),
        ("c", 0, "x"): Mark("f.yaml", 4, 5),
        ("c", 1): Mark("f.yaml", 5, 5),
        ("c", 1, 0): Mark("f.yaml", 5, 6),
        ("c", 1, 1): Mark("f.yaml", 5, 9),
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4e8", 4e8),
        ("1_000", 1000),
        ("-3", -3),
        ("+2", 2),
        ("0x1F", 31),
        ("0", 0),
        ("2.5", 2.5),
        (".5", 0.5),
        ("1_0.5", 10.5),
        ("-.inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        # what YAML 1.1 would turn into something else stays text
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0b11", "0b11"),
        ("2022-01-01", "2022-01-01"),
        ("32KiB", "32KiB"),
        ("=", "="),
        ("1e", "1e"),
    ],
)
def test_scalars_are_what_they_look_like(text: str, value: object) -> None:
    data = parse_document(f"key: {text}", "f.yaml").data["key"]
    assert data == value
    assert type(data) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse_document("{on: 1, 2: 2, null: 3, true: 4}", "f.yaml").data == {"on": 1, "2": 2, "null": 3, "true": 4}


def test_every_duplicate_key_is_reported_with_both_lines() -> None:
    assert _refused("a: 1\nb:\n  c: 1\n  c: 2\na: 3\na: 4\n") == [
        "f.yaml:4:3 b.c: must be given once, is given in line 3 already",
        "f.yaml:5:1 a: must be given once, is given in line 1 already",
        "f.yaml:6:1 a: must be given once, is given in line 1 already",
    ]


def test_tags_are_refused_where_they_stand() -> None:
    assert _refused("a: !!python/object/apply:os.system ['true']\nb: !!int abc\nc: !own {x: 1}\nd: !!binary aGk=") == [
        "f.yaml:1:1 a: must have no tag, has 'tag:yaml.org,2002:python/object/apply:os.system'",
        "f.yaml:2:1 b: must have no tag, has 'tag:yaml.org,2002:int'",
        "f.yaml:3:1 c: must have no tag, has '!own'",
        "f.yaml:4:1 d: must have no tag, has 'tag:yaml.org,2002:binary'",
    ]


def test_a_key_that_is_a_list_or_mapping_is_refused() -> None:
    assert _refused("a: {[1, 2]: 3}") == ["f.yaml:1:5 a: has a key that is no text; every key must be a name"]


def test_an_alias_means_what_its_anchor_stands_for() -> None:
    assert parse_document("a: &x {b: 1}\nc: *x", "f.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


def _laughs(levels: int) -> str:
    lines = ["l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "f.yaml: must not be empty"),
        ("# only a comment\n", "f.yaml: must not be empty"),
        ("---\n", None),
        ("a: [1, 2\nb: 3", "f.yaml:2:2: must be valid YAML: while parsing a flow sequence expected ',' or ']'"),
        ("a: 1\n\tb: 2", "f.yaml:2:1: must be valid YAML: while scanning for the next token found character '\\t'"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: must be valid YAML: expected a single document in the stream"),
        ("a: *nowhere", "f.yaml:1:4: must be valid YAML: found undefined alias"),
        ("a: &x [*x]", "a.0: must not be a part of itself: an alias stands within what it stands for"),
        ("a: &x {b: {c: *x}}", "a.b.c: must not be a part of itself"),
        ("a: b\x00c", "f.yaml:1:5: must be YAML text, has character U+0000"),
        ("[" * 10_000, "has nesting deeper than 32"),
        ("- " * 10_000, "has nesting deeper than 32"),
        ("[" + "1," * (MAX_NODES + 1) + "]", f"has more than {MAX_NODES} values"),
        (_laughs(9), "must not expand to so many values by its aliases"),
        ("a: " + "9" * 5000, "f.yaml:1:1 a: '99999"),
    ],
)
def test_what_is_no_sane_yaml_is_refused(text: str, reason: str | None) -> None:
    if reason is None:
        assert parse_document(text, "f.yaml").data is None
        return
    faults = _refused(text)
    assert len(faults) == 1
    assert reason in faults[0]


def _unread(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_document(path)
    (fault,) = caught.value.faults
    return str(fault).removeprefix(str(path))


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    assert _unread(tmp_path / "absent.yaml") == ": cannot be read: No such file or directory"
    assert _unread(tmp_path) == ": is a directory, must be a YAML file"
    assert "cannot be read" in _unread(tmp_path / "nul\0")
    assert "cannot be read" in _unread(tmp_path / ("x" * 5000))


def test_binary_garbage_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a: 1\nbc\xff\xfe")
    assert _unread(tmp_path / "f") == ":2:3: must be UTF-8 text, has byte 0xff"
    (tmp_path / "g").write_bytes(bytes(range(256)))
    assert _unread(tmp_path / "g").endswith("must be UTF-8 text, has byte 0x80")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"#" * (MAX_BYTES + 1))
    assert _unread(tmp_path / "f") == ": must be a YAML file of at most 1 MiB"


def test_a_byte_order_mark_and_windows_line_ends_are_no_content(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    document = read_document(tmp_path / "f")
    assert document.data == {"a": 1, "b": 2}
    assert document.marks[("b",)].line == 2


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a: 1")
    (tmp_path / "f").chmod(0)
    assert _unread(tmp_path / "f") == ": cannot be read: Permission denied"


def test_a_fault_finds_its_place_by_name_or_position() -> None:
    document = parse_document("a:\n- {name: x, v: 1}\n- {name: y}\n- {name: y}\nb: 3\n", "f.yaml")
    assert str(document.fault(("a", 0, "v"), "bad")) == "f.yaml:2:13 a.x.v: bad"
    assert str(document.fault(("a", 2, "name"), "bad")) == "f.yaml:4:4 a.2.name: bad"
    assert str(document.fault(("a", 1, "name"), "bad")) == "f.yaml:3:4 a.y.name: bad"
    assert str(document.fault(("a", 0, "w", "z"), "bad")) == "f.yaml:2:3 a.x.w.z: bad"
    assert str(document.placed(Fault("bad", "a.x.v"))) == "f.yaml:2:13 a.x.v: bad"
    assert str(document.placed(Fault("bad", "a.1.name.deep"))) == "f.yaml:3:4 a.1.name.deep: bad"
    assert str(document.placed(Fault("bad", "elsewhere"))) == "f.yaml:1:1 elsewhere: bad"


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\r\nsize: 3\r\n")
    assert read_document(path).data == {"name": "x", "size": 3}


@pytest.mark.parametrize(
    ("name", "text", "way"),
    [
        ("d.INI", "[timing]\ntCK = 1\n", "lifsim import dramsim3"),
        ("d.ini", "; a comment alone\n", "lifsim import dramsim3"),
        ("t.csv", "Layer,M,N,K,\ng,1,2,3,\n", "lifsim import scalesim"),
        ("s.cfg", "[general]\nrun_name = x\n", "--config"),
    ],
)
def test_files_of_other_tools_are_told_their_way(tmp_path: Path, name: str, text: str, way: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=way):
        read_document(tmp_path / name)


def test_a_yaml_file_may_have_any_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_text("name: x\n")
    assert read_document(tmp_path / "a.cfg").data == {"name": "x"}


@pytest.mark.parametrize("digits", ["0x" + "f" * 257, "0x" + "f" * 5000, "1" + "0" * 400, "-1" + "0" * 400, "9" * 5000])
def test_an_integer_has_no_more_digits_than_can_be_printed(digits: str) -> None:
    document = parse_document(f"a: {digits}\n", "f")
    assert [str(fault).partition(" must ")[2] for fault in document.faults] == ["have fewer digits"]
    assert parse_document(f"a: 0x{'f' * 256}\n", "f").data == {"a": 2**1024 - 1}


@pytest.mark.parametrize(
    ("kind", "title"), [("arch", "an architecture"), ("workload", "a workload"), ("dram", "a DRAM")]
)
def test_a_folder_is_told_by_what_it_ought_to_be(kind: Kind, title: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"is a directory, must be a YAML file of {title}$"):
        find(kind, str(tmp_path))
