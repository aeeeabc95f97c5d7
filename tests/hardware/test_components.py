"""Is a bill of materials priced as SATA_Sim prices it?"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lifsim.accounting.satasim.prices import at_own_clock, printed
from lifsim.errors import InputError
from lifsim.hardware.components import SYNTHESIS_CLOCK_HZ, Bill, bill_of
from lifsim.model.arch import Component
from lifsim.report.validation.satasim import published_figures


def test_the_published_component_statistics_of_sata_sim(figures: Path) -> None:
    arch = yaml.safe_load((figures / "satasim_bntt" / "arch.yaml").read_text())
    stat = published_figures(figures / "satasim_bntt.csv")["comp-stat"]
    pe_array = arch["architecture"]["subtree"][0]
    components = [_component(item) for part in pe_array["subtree"] for item in part["local"]]
    period_ns = 1e9 / SYNTHESIS_CLOCK_HZ
    for theirs, tag in (("spike-mac", "spike_mac"), ("lif", "lif"), ("spad", "spad")):
        bill = printed(bill_of(components, tag))
        assert bill.operation_pj == pytest.approx(stat[theirs]["dpower y"] * period_ns, rel=1e-6)
        assert bill.toggling_pj == pytest.approx(stat[theirs]["dpower n"] * period_ns, rel=1e-6)
        assert bill.leakage_mw == pytest.approx(stat[theirs]["lpower"], rel=1e-9)
        assert bill.area_mm2 == pytest.approx(stat[theirs]["area"], abs=5e-7)


def _component(item: dict) -> Component:
    facts = item["attributes"]
    registers = facts["kernel"] == "registerfiles"
    return Component(
        name=item["name"],
        tag=item["act-tag"].replace("-", "_"),
        kernel="register" if registers else facts["kernel"],
        width_bits=facts["width"],
        count=facts["count"] * (facts["size-bytes"] if registers else 1),
        idle="clock_gated" if facts["gated"] == "y" else "toggles",
    )


def test_a_multibit_component_is_paid_apart() -> None:
    adder = Component(name="adder", tag="spike_mac", kernel="adder", width_bits=8, idle="clock_gated")
    multiplier = Component(
        name="mul", tag="spike_mac", kernel="multiplier", width_bits=8, idle="clock_gated", multibit_only=True
    )
    bill = bill_of([adder, multiplier], "spike_mac")
    assert bill.operation_pj == pytest.approx(0.01689 * 2.5)
    assert bill.multibit_pj == pytest.approx(0.0821 * 2.5)


def test_every_unknown_component_is_named_with_the_nearest() -> None:
    parts = [
        Component(name="a", tag="lif", kernel="ader", width_bits=8),
        Component(name="b", tag="lif", kernel="adder", width_bits=9),
    ]
    with pytest.raises(InputError) as error:
        bill_of(parts, "spike_mac")
    assert "components.a: kernel 'ader'" in str(error.value)
    assert "did you mean 'adder'" in str(error.value)
    assert "components.b: adder of 9 bits must be in the component table, which has 2, 4, 8, 16, 32" in str(error.value)


def test_half_the_clock_doubles_what_sata_sim_pays_for_an_operation_and_leaves_the_rest() -> None:
    bill = Bill(operation_pj=1.5, multibit_pj=0.25, toggling_pj=3.0, leakage_mw=7.0, area_mm2=0.5)
    halved = at_own_clock(bill, 200_000_000)
    assert halved == Bill(operation_pj=3.0, multibit_pj=0.5, toggling_pj=6.0, leakage_mw=7.0, area_mm2=0.5)
    assert at_own_clock(bill, 400_000_000) == bill
