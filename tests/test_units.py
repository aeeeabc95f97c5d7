"""Are quantities with units read exactly, and refused where they are ambiguous?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.units import all_of, change_text, format_bytes, format_si, parse_bytes, parse_hz


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4096", 4096),
        (4096, 4096),
        (4096.0, 4096),
        ("32KiB", 32768),
        ("32 KiB", 32768),
        (" 1.5MiB ", 3 << 19),
        ("64kB", 64_000),
        ("1_024B", 1024),
        ("2GiB", 2 << 30),
        ("1TB", 10**12),
        ("0", 0),
        ("-3KiB", -3072),
        ("1e3", 1000),
        ("0.5KiB", 512),
    ],
)
def test_bytes(text: str | float, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize(
    ("text", "hertz"), [("400MHz", 400_000_000), (4e8, 400_000_000), ("1.2GHz", 1_200_000_000), ("32768 Hz", 32768)]
)
def test_hertz(text: str | float, hertz: int) -> None:
    assert parse_hz(text) == hertz


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KiB",
        "3 pages",
        "1.5",
        "0.0001KiB",
        "32kb",
        "32Kib",
        "64KB",
        "64kib",
        "1mB",
        "3 pib",
        "1e400",
        "9" * 99,
        "１KiB",
        "1/2",
        True,
        None,
        [],
    ],
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_bytes(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("500 Mhz", "did you mean 500MHz?"),
        ("500mhz", "did you mean 500MHz?"),
        ("1.2 GHZ", "did you mean 1.2GHz?"),
        ("3 hz", "did you mean 3Hz?"),
    ],
)
def test_units_are_exact_in_their_case(text: str, way_out: str) -> None:
    with pytest.raises(ValueError, match="must have its unit as it is written") as refused:
        parse_hz(text)
    assert str(refused.value).endswith(way_out)


def test_a_size_beyond_all_reason_is_read_and_refused_for_its_size() -> None:
    assert parse_bytes("1EiB") == 1 << 60


@given(st.integers(0, 1 << 50))
def test_a_size_written_in_a_unit_is_that_many(count: int) -> None:
    assert parse_bytes(f"{count}KiB") == parse_bytes(count << 10 if count < 1 << 40 else str(count << 10))


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (32768, "32 KiB"), (3 << 19, "1.5 MiB"), (1 << 50, "1024 TiB")]
)
def test_formatted_bytes(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 J"), (12.3e-6, "12.3 uJ"), (1, "1 J"), (-2e-3, "-2 mJ"), (4.5e12, "4.5 TJ"), (3e-13, "0.3 pJ")],
)
def test_formatted_si(value: float, text: str) -> None:
    assert format_si(value, "J") == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (None, ""),
        (0.0, "="),
        (-0.1234, "-12.3 %"),
        (9.0, "+900.0 %"),
        (25.4, "x 26"),
        (2531.0, "x 2,532"),
        (5.1e-4, "+0.1 %"),
        (-4.9e-4, "-0.05 %"),
        (2.4e-4, "+0.02 %"),
        (-1e-5, "-0.001 %"),
        (9e-6, "+<0.001 %"),
    ],
)
def test_a_change_is_told_in_percent_and_one_of_more_than_tenfold_as_a_multiple(change: float, text: str) -> None:
    assert change_text(change) == text


def test_names_are_listed_as_in_a_sentence() -> None:
    told = [all_of(names) for names in (["psum"], ["membrane", "psum"], ["weight", "membrane", "psum"])]
    assert told == ["psum", "membrane and psum", "weight, membrane and psum"]
