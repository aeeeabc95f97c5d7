"""Architectures put together of parts are those read as a whole, and fail in the same words."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations, product

import pytest

from lifsim.config.arch import parse_arch
from lifsim.config.document import Document, read_document
from lifsim.config.resolve import find
from lifsim.errors import InputError
from lifsim.model.arch import Arch
from lifsim.model.buffers import Buffers
from lifsim.model.schema import Broken
from lifsim.simulate.resolved import resolved_arch
from lifsim.sweeps.arch_parts import ArchParts

AXES = {
    "whole numbers": ("array.rows=8", "array.rows=8.0", "array.rows=true", "array.rows=0"),
    "one buffer": ("buffers.weight.size_bytes=1KiB", "buffers.weight.size_bytes=0", "buffers.weight.banks=2"),
    "all of it": ("buffers.weight={size_bytes: 64KiB}", "buffers.membrane.double_buffered=true"),
    "all buffers": ("buffers={}", "buffers.psum.size_bytes=2KiB", "buffers.psum.nothing=1", "buffers.psum.read_pj=1"),
    "their costs": ("buffers.psum={size_bytes: 1KiB, read_pj: 1}", "buffers.none.size_bytes=1"),
    "memory": ("dram.model=cycle", "dram.model=ideal", "dram.model=nosuch"),
    "device": (
        "dram.device=hbm2",
        "dram.device=nosuch",
        "dram.device.timing.tCK_ns=1000",
        "dram.device.timing.tCK_ns=2",
    ),
    "device energy": ("dram.energy=per_bit", "dram.device.name=own"),
    "clock": ("clock_hz=1kHz", "clock_hz=1", " clock_hz = 200MHz"),
    "components": ("components.adder.area_mm2=0.5", "components.nosuch.area_mm2=1", "components.0.name=adder"),
    "lent": ("components_of=sata_training", "components_of=nosuch", "components=[]"),
    "too slow": ("dram.device.timing.tCK_ns=0.1",),
    "wide": ("precision={weight_bits: 32, psum_bits: 32}",),
    "across": ("accounting=satasim", "array.dataflow=ws", "precision.weight_bits=32", "optimizer.master_weights=true"),
    "no setting": ("array", "array..rows=1", "=1", "nosuch.key=1", "array.rows=[", "lif.units=16"),
}
"""Settings, most of which go together, and many of which do not."""


def _told(read: Callable[[tuple[str, ...]], Arch], settings: tuple[str, ...]) -> Arch | list[str]:
    try:
        return read(settings)
    except InputError as error:
        return [str(fault) for fault in error.faults]


@pytest.mark.parametrize(("name", "together"), [("sata128", 2), ("sata_training", 1), ("sata128_satasim", 1)])
def test_parts_are_the_whole(name: str, together: int) -> None:
    document = read_document(find("arch", name))
    parts = ArchParts(lambda settings: parse_arch(document, settings))
    every = [setting for settings in AXES.values() for setting in settings]
    for settings in chain.from_iterable(combinations(every, few) for few in range(together + 1)):
        ours, whole = _told(parts.of, settings), _told(lambda given: parse_arch(document, given), settings)
        assert ours == whole, settings
        if isinstance(ours, Arch) and isinstance(whole, Arch):
            assert repr(resolved_arch(ours)) == repr(resolved_arch(whole)), settings


def _without(key: str) -> Document:
    file = read_document(find("arch", "sata128"))
    return Document(file.source, {one: value for one, value in file.data.items() if one != key}, file.marks)


@pytest.mark.parametrize("settings", ["components_of=sata_training", "components_of=nosuch", "components_of=sata128"])
def test_a_setting_that_changes_another_part_is_read_as_a_whole(settings: str) -> None:
    document, asked = _without("components"), ("array.rows=8", settings)
    parts = ArchParts(lambda given: parse_arch(document, given))
    assert _told(parts.of, asked) == _told(lambda given: parse_arch(document, given), asked)


def test_rules_across_the_mappings_of_a_mapping_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def alike(buffers: Buffers) -> Broken:
        if buffers.weight.banks == buffers.spike_in.banks == 3:
            yield "", "must not have three banks each"

    monkeypatch.setattr(Buffers, "weights_have_a_buffer", alike)
    document, settings = read_document(find("arch", "sata128")), ("buffers.weight.banks=3", "buffers.spike_in.banks=3")
    parts = ArchParts(lambda given: parse_arch(document, given))
    with pytest.raises(InputError, match="three banks"):
        parts.of(settings)
    assert [parts.of((one,)) for one in settings] == [parse_arch(document, (one,)) for one in settings]


def test_what_one_setting_lacks_another_gives() -> None:
    document = _without("clock_hz")
    parts = ArchParts(lambda settings: parse_arch(document, settings))
    settings = ("array.rows=8", "clock_hz=100MHz")
    assert parts.of(settings) == parse_arch(document, settings)
    assert _told(parts.of, ("array.rows=8",)) == _told(lambda given: parse_arch(document, given), ("array.rows=8",))


def test_parts_are_read_once() -> None:
    document, asked = read_document(find("arch", "sata128")), []

    def read(settings: tuple[str, ...]) -> Arch:
        asked.append(settings)
        return parse_arch(document, settings)

    parts = ArchParts(read)
    rows = [f"array.rows={rows}" for rows in range(8, 12)]
    sizes = [f"buffers.{name}.size_bytes={size}KiB" for name in ("weight", "membrane") for size in range(8, 12)]
    for settings in product(rows, sizes[:4], sizes[4:]):
        parts.of(settings)
    assert sorted(asked) == sorted([(), *((one,) for one in (*rows, *sizes))])
