"""Is every shipped architecture sound: does it load, has every part a price, does it say where its figures are from?"""

from __future__ import annotations

import re

import pytest

from lifsim.accounting.prices import costs_of
from lifsim.config.arch import load_arch
from lifsim.config.resolve import available, find

NAMES = [
    "eyeriss_like",
    "sata128",
    "sata128_satasim",
    "sata128_skip",
    "sata_training",
    "spinalflow_like_skip",
    "tpu_like_small",
]


def test_all_that_are_promised_are_shipped() -> None:
    assert set(available("arch")) >= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_everything_has_a_price(name: str) -> None:
    arch = load_arch(name)
    assert arch.name == name
    assert arch.description
    costs = costs_of(arch)
    assert costs.spike_mac.operation_pj + costs.spike_mac.toggling_pj > 0
    assert costs.lif.calls.area_mm2 > 0


@pytest.mark.parametrize("name", NAMES)
def test_its_header_names_its_sources(name: str) -> None:
    text = find("arch", name).read_text()
    header = text[: text.index("\nname:")]
    assert re.search(r"\b20\d\d\b", header), "a publication, with its year"
    assert all(line.startswith("#") for line in header.splitlines())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sata128_satasim"])
def test_ports_feed_the_array_every_cycle(name: str) -> None:
    """A cycle takes one input per row and one weight per column (os, sata) or one sum per column in (ws)."""
    arch = load_arch(name)
    buffers, bits = arch.buffers, arch.precision

    def per_cycle(buffer: str) -> int:
        return getattr(buffers, buffer).port_bits * getattr(buffers, buffer).banks

    assert per_cycle("spike_in") >= arch.array.rows * 8
    assert per_cycle("weight") >= arch.array.cols * bits.weight_bits
    if arch.array.dataflow == "ws":
        assert per_cycle("psum") >= arch.array.cols * bits.psum_bits


def test_eyeriss_like_has_the_global_buffer_of_eyeriss() -> None:
    buffers = load_arch("eyeriss_like").buffers
    sizes = [getattr(buffers, name).size_bytes for name in ("weight", "spike_in", "spike_out", "membrane", "psum")]
    assert sum(sizes) == 108 * 1024


def test_sata128_and_its_satasim_twin_differ_only_in_accounting_costs_and_multiplier() -> None:
    ours, theirs = load_arch("sata128"), load_arch("sata128_satasim")
    assert (ours.array, ours.precision, ours.clock_hz) == (theirs.array, theirs.precision, theirs.clock_hz)
    # SATA_Sim's LIF units have their membrane registers
    parts = (c.model_copy(update={"tag": "lif"}) if c.tag == "membrane" else c for c in ours.components)
    assert tuple(c for c in parts if not c.multibit_only) == theirs.components
    for name in ("weight", "spike_in", "spike_out"):
        assert getattr(ours.buffers, name).size_bytes == getattr(theirs.buffers, name).size_bytes
