"""Does a fault read as one line, and does an error carry all of them wherever it goes?"""

from __future__ import annotations

import pickle

import pytest

from lifsim.errors import Fault, InputError, did_you_mean, shown


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("is wrong"), "is wrong"),
        (Fault("-3 must be > 0", "a.b", "f.yaml", 14, 5), "f.yaml:14:5 a.b: -3 must be > 0"),
        (Fault("is wrong", source="f.yaml", line=3), "f.yaml:3:1: is wrong"),
        (Fault("is wrong", path="a.b"), "a.b: is wrong"),
        (Fault("two\nlines", "k\x1b[0m", "\udc80"), "\\udc80 k\\x1b[0m: two\\nlines"),
    ],
)
def test_a_fault_is_one_line_with_its_place(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_of_a_fault_that_no_screen_holds_both_ends_are_told() -> None:
    text = str(Fault(f"{[1 << 62] * 100_000} must have at most 8 axes", "weight", "net.onnx"))
    assert text.startswith("net.onnx weight: [4611686018427387904, ")
    assert text.endswith("04] must have at most 8 axes")
    assert len(text) < 4100
    assert str(Fault("x" * 4000)) == "x" * 4000


def test_an_error_lists_its_faults_and_survives_a_process_boundary() -> None:
    error = InputError([Fault("one", "a"), Fault("two", "b")])
    assert str(error) == "a: one\nb: two"
    assert pickle.loads(pickle.dumps(error)).faults == error.faults  # noqa: S301
    assert InputError("text").faults == (Fault("text"),)


@pytest.mark.parametrize(
    ("name", "valid", "hint"),
    [
        ("chanel4", ["channel4", "layer"], "; did you mean 'channel4'?"),
        ("SATA128", ["sata128"], "; did you mean 'sata128'?"),
        ("zzz", ["a", "b"], "; valid: a, b"),
        ("zzz", [f"name{n}" for n in range(50)], ""),
        ("zzz", [], ""),
        ("zzz", ["", "a"], "; valid: a"),
        ("size", ["size_bytes", "banks"], "; did you mean 'size_bytes'?"),
        ("ene", ["ene.a.b", "ene.c.d", "ene.total"], "; did you mean one of ene.total, ene.a.b, ene.c.d?"),
        ("x" * 100_000, ["a"], "; valid: a"),
    ],
)
def test_the_nearest_name_is_offered(name: str, valid: list[str], hint: str) -> None:
    assert did_you_mean(name, valid) == hint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ([], "an empty list"),
        ({"a": 1}, "a mapping"),
        ("x\n", "'x\\n'"),
        (2.5, "2.5"),
        ("y" * 100, f"'{'y' * 59}... (102 characters)"),
    ],
)
def test_values_are_shown_short_and_as_yaml_has_them(value: object, text: str) -> None:
    assert shown(value) == text
