"""Is what a component does without work said in one spelling, and is nothing live switched off?"""

from __future__ import annotations

import pytest

from lifsim.config.arch import load_arch
from lifsim.errors import InputError


@pytest.mark.parametrize(
    ("arch", "setting", "message"),
    [
        ("sata128", "components.adder.gated=true",
         "gated: is idle now: clock_gated for gated: true, toggles for gated: false"),
        ("sata128", "components.adder.gatid=true", "gatid: is not a known key"),
        ("sata128", "components.adder.idle=off", "must be one of toggles, clock_gated, power_gated"),
        ("sata128", "components.reg_membrane.idle=power_gated",
         "power_gated must be clock_gated or toggles: a register would lose what it holds (membranes, psums, weights"),
        ("sata128", "components.spad_weight.idle=power_gated", "a register would lose what it holds"),
        ("sata128", "components.adder.tag=membrane", "membrane must go with kernel register or fifo, not adder"),
        ("sata128", "components.multiplier.idle=toggles", "true must go with idle: clock_gated or power_gated"),
        ("sata128", "buffers.psum.idle=off", "must be one of powered, gated"),
        ("sata128_satasim", "components.adder.idle=power_gated", "accounting satasim, which knows no power gates"),
        ("sata128_satasim", "components.reg_membrane.tag=membrane", "membrane must be lif under accounting satasim"),
        ("sata128_satasim", "buffers.weight.idle=gated", "gated must be powered under accounting satasim"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_way_out(arch: str, setting: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        load_arch(arch, [setting])
    assert message in str(raised.value)


def test_power_gates_are_for_what_holds_nothing() -> None:
    arch = load_arch("sata128", [f"components.{name}.idle=power_gated" for name in ("adder", "comp_lif", "multiplier")])
    assert sum(component.idle == "power_gated" for component in arch.components) == 3
