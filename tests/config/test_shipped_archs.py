"""Is every shipped architecture sound: does it load, has every part a price, does it say where its figures are from?"""

from __future__ import annotations

import re

import pytest

from lifsim.accounting.prices import costs_of
from lifsim.config.arch import load_arch
from lifsim.config.dram import load_dram
from lifsim.config.resolve import available, find
from lifsim.simulate.resolved import resolved_arch

NAMES = [
    "eyeriss_like",
    "sata128",
    "sata128_satasim",
    "sata128_skip",
    "sata_training",
    "spinalflow_like_skip",
    "tpu_like_small",
]
OWN = [name for name in NAMES if name != "sata128_satasim"]


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


@pytest.mark.parametrize("name", OWN)
def test_ports_feed_the_array_every_cycle(name: str) -> None:
    """A cycle takes one input per row and one weight per column (os) or one sum per column in (ws)."""
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


@pytest.mark.parametrize("name", OWN)
def test_it_has_one_lpddr3_device_that_sleeps(name: str) -> None:
    dram = load_arch(name).dram
    assert dram.simulated == load_dram("lpddr3_1600_x32")
    assert dram.simulated.controller.sleeps
    assert dram.simulated.organisation.ranks * dram.simulated.organisation.channels == 1


@pytest.mark.parametrize("name", OWN)
def test_its_two_prices_of_a_bit_of_dram_agree_or_say_why_not(name: str) -> None:
    """A bit of a read burst by the device's currents, VDD (IDD4R - IDD3N) burst, beside the price of what is not
    simulated; the file says what neither has in it, and the device's figure itself."""
    dram = load_arch(name).dram
    device, price = dram.simulated, dram.energy_pj_per_bit
    assert device.energy.model == "supplies"
    milliwatts = sum(supply.VDD * (supply.IDD4R - supply.IDD3N) for supply in device.energy.supplies)
    burst_ns = device.organisation.burst_cycles * device.timing.tCK_ns
    a_bit = milliwatts * burst_ns / (8 * device.organisation.burst_bytes)
    assert price == pytest.approx(a_bit, rel=0.11)
    assert f"{a_bit:.2f} pJ a bit" in dram.source
    assert "without activates, refreshes, standby" in find("arch", name).read_text()


def test_sata128_skip_is_sata128_but_for_its_sparsity() -> None:
    gates, skips = (resolved_arch(load_arch(name)) for name in ("sata128", "sata128_skip"))
    assert (gates["array"].pop("sparsity"), skips["array"].pop("sparsity")) == ("gate", "skip")
    for tree in (gates, skips):
        assert tree.pop("name")
        assert tree.pop("description")
    assert gates == skips


@pytest.mark.parametrize("name", OWN)
def test_a_lif_unit_adds_leaks_compares_and_resets(name: str) -> None:
    """u' = x + (u - x)/4 for the tau of 4/3: a subtractor and an adder as wide as the sums; the shift is wires."""
    arch = load_arch(name)
    parts = [(c.kernel, c.width_bits) for c in arch.components if c.tag == "lif" and c.kernel != "register"]
    assert sorted(parts) == [("adder", 16), ("comparator", 16), ("subtractor", 16), ("subtractor", 16)]
    adders = [c.width_bits for c in arch.components if c.tag == "spike_mac" and c.kernel == "adder"]
    assert adders == [arch.precision.psum_bits]


@pytest.mark.parametrize("name", ["sata128_skip", "spinalflow_like_skip", "sata_training"])
def test_what_is_compared_with_sata128_has_its_node_clock_and_memory(name: str) -> None:
    ours, theirs = load_arch("sata128"), load_arch(name)
    assert (ours.technology_nm, ours.clock_hz, ours.dram) == (theirs.technology_nm, theirs.clock_hz, theirs.dram)


ADDED = {"multiplier", "leak_lif", "adder_lif"}


def test_sata128_and_its_satasim_twin_differ_only_in_accounting_costs_and_what_satas_bill_misses() -> None:
    """The dataflow is the accounting's."""
    ours, theirs = load_arch("sata128"), load_arch("sata128_satasim")
    assert (ours.array.dataflow, theirs.array.dataflow) == ("os", "sata")
    assert ours.array.model_copy(update={"dataflow": "sata"}) == theirs.array
    assert (ours.precision, ours.clock_hz) == (theirs.precision, theirs.clock_hz)
    of_sata = {component.name: component for component in ours.components if component.name not in ADDED}
    assert len(ours.components) == len(of_sata) + len(ADDED)
    assert of_sata["adder"].width_bits == ours.precision.psum_bits == 2 * theirs.components[1].width_bits
    of_sata["adder"] = of_sata["adder"].model_copy(update={"width_bits": 8})
    # SATA_Sim's LIF units have their membrane registers
    of_sata["reg_membrane"] = of_sata["reg_membrane"].model_copy(update={"tag": "lif"})
    assert tuple(of_sata.values()) == theirs.components
    for name in ("weight", "spike_in", "spike_out"):
        assert getattr(ours.buffers, name).size_bytes == getattr(theirs.buffers, name).size_bytes
