"""Does an axis hold the values that its text says, and is a text that says none, or no end of them, refused?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.sweeps.values import Value, as_given, parse_values, setting


def _values(key: str, given: object) -> list[Value]:
    values = parse_values(key, given)
    return [values[index] for index in range(values.count)]


@pytest.mark.parametrize(
    ("key", "text", "values"),
    [
        ("array.rows", "8,16,32", [8, 16, 32]),
        ("array.rows", "8", [8]),
        ("array.rows", "1:4", [1, 2, 3, 4]),
        ("array.rows", "1:8:+3", [1, 4, 7]),
        ("array.rows", "10:40:10", [10, 20, 30, 40]),
        ("array.rows", "8:2:-3", [8, 5, 2]),
        ("array.rows", "8:64:x2", [8, 16, 32, 64]),
        ("array.rows", "64:10:x0.5", [64, 32, 16]),
        ("array.rows", "5:5:x2", [5]),
        ("dram.energy_pj_per_bit", "0.1:0.4:+0.1", [0.1, 0.2, 0.3, 0.4]),
        ("buffers.weight.size_bytes", "8KiB:64KiB:x2", [8192, 16384, 32768, 65536]),
        ("buffers.weight.size_bytes", "1KiB:2KiB:+512", [1024, 1536, 2048]),
        ("buffers.weight.size_bytes", "1.5MiB, 64kB", [1572864, 64000]),
        ("clock_hz", "100MHz:300MHz:+100MHz", [100_000_000, 200_000_000, 300_000_000]),
        ("array.dataflow", "os, ws", ["os", "ws"]),
        ("array.sparsity", "none,skip", ["none", "skip"]),
        ("lif.units", "null,64", [None, 64]),
        ("lif.overlapped", "true,false", [True, False]),
        ("layers.conv1.kernel", "[3, 3], [5, 5]", [[3, 3], [5, 5]]),
        ("array.rows", [8, 16], [8, 16]),
        ("array.rows", 8, [8]),
    ],
)
def test_an_axis_holds_what_its_text_says(key: str, text: object, values: list[Value]) -> None:
    assert _values(key, text) == values


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(1, 20))
def test_a_linear_range_is_pythons_range_with_its_end(start: int, length: int, step: int) -> None:
    stop = start + length
    assert _values("array.rows", f"{start}:{stop}:+{step}") == list(range(start, stop + 1, step))


@given(st.integers(1, 100), st.integers(2, 9), st.integers(0, 8))
def test_a_geometric_range_multiplies_until_it_passes_its_end(start: int, factor: int, powers: int) -> None:
    expected = [start * factor**power for power in range(powers + 1)]
    assert _values("array.rows", f"{start}:{expected[-1] + factor - 2}:x{factor}") == expected


@pytest.mark.parametrize(
    ("key", "text", "rule"),
    [
        ("array.rows", "1:8:x1", "never ends"),
        ("array.rows", "0:8:x2", "never ends"),
        ("array.rows", "1:8:x0", "never ends"),
        ("array.rows", "1:8:x-2", "never ends"),
        ("array.rows", "1:8:+0", "never ends"),
        ("array.rows", "8:0:x0.5", "never ends"),
        ("array.rows", "8:1", "is empty"),
        ("array.rows", "1:8:-1", "is empty"),
        ("array.rows", "8:1:x2", "is empty"),
        ("array.rows", "1:8:x0.5", "is empty"),
        ("array.rows", "1:1e9:x1.000001", "at most 10000 values"),
        ("array.rows", "", "at least one value"),
        ("array.rows", [], "at least one value"),
        ("array.rows", "8,16,8", "8 must be given once"),
        ("buffers.weight.size_bytes", "8KiB,8192", "8192 must be given once"),
        ("array.rows", "1:inf", "must be a number"),
        ("array.rows", "1:nan:x2", "must be a number"),
        ("array.rows", "1:1e999:x2", "must be a number"),
        ("array.rows", "a:b", "must be a number"),
        ("array.rows", "1:2:3:4", "must be"),
        ("array.rows", "8KiB:16KiB:x2", "must be a number"),
        ("buffers.weight.size_bytes", "8Kib:16KiB:x2", "must be in bytes"),
        ("array.rows", "[8, 16", "must be values with commas"),
        ("array.rows", "!!python/name:os.system", "must be"),
    ],
)
def test_a_text_that_says_no_values_is_refused(key: str, text: object, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        parse_values(key, text)


def test_a_range_of_any_length_costs_nothing_until_it_is_walked() -> None:
    values = parse_values("array.rows", "0:1e40:+1")
    assert values.count == 10**40 + 1
    assert values[10**39] == 10**39


def test_a_setting_is_what_set_takes() -> None:
    assert setting("array.dataflow", "os") == 'array.dataflow="os"'
    assert setting("lif.units", None) == "lif.units=null"


@pytest.mark.parametrize(
    ("key", "given", "words"),
    [
        ("array.rows", "1:8", "1:8 (8 values)"),
        ("array.rows", "1:2000", "1:2000 (2,000 values)"),
        ("array.rows", "10:45:+10", "10:40:+10 (4 values)"),
        ("array.rows", "8:2:-3", "8:2:-3 (3 values)"),
        ("array.rows", "64:10:x0.5", "64:16:x0.5 (3 values)"),
        ("array.rows", "8,16", "8, 16"),
        ("array.rows", "5:5:x2", "5:5:x2 (1 value)"),
        ("dram.energy_pj_per_bit", "0.1:0.4:+0.1", "0.1:0.4:+0.1 (4 values)"),
        ("axis buffers.weight.size_bytes", "8KiB:512KiB:x2", "8KiB:512KiB:x2 (7 values)"),
        ("axis buffers.weight.size_bytes", "0:1000:+500", "0:1000:+500 (3 values)"),
        ("clock_hz", "100MHz:1GHz:+100MHz", "100MHz:1GHz:+100MHz (10 values)"),
    ],
)
def test_what_a_store_keeps_of_values_is_told_as_it_was_given(key: str, given: str, words: str) -> None:
    """And is the same values: with as many of them, none is left over."""
    values = parse_values(key, given)
    assert as_given(key, str(values)) == words
    again = words.partition(" (")[0]
    assert parse_values(key, again) == values or ":" not in again


@given(st.text())
def test_other_words_stay(words: str) -> None:
    assert as_given("array.rows", words) == words or words.endswith(("value", "values"))


@pytest.mark.parametrize(
    "kept",
    [
        "a + b i, 3 values",
        "1/0 + 1 i, 3 values",
        "1 x (2)^i, 999999999999 values",
        "1 x (99999999/7)^i, 100 values",
        f"{'9' * 5000} + 1 i, 2 values",
    ],
)
def test_what_nobody_gave_so_is_told_as_a_store_has_it(kept: str) -> None:
    """A store may be damaged, or made to keep whoever opens it busy."""
    assert as_given("array.rows", kept) == kept
