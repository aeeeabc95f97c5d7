"""Does every component do without work what it says, as a walk over cycles and pieces has it?"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.hardware.components import bill_of, clock_gated, toggling
from lifsim.hardware.energy import LogicWork, idle_pj, operation_pj, standing_pj, toggling_pj
from lifsim.hardware.tables import rows
from lifsim.model.arch import Component
from tests.oracles.power import Part, burnt

CLOCK_HZ = 250_000_000
KERNELS = ("adder", "comparator", "multiplier", "register")


def component(kernel: str, idle: str, *, multibit_only: bool = False, width: int = 8) -> Component:
    return Component.model_validate(
        {"name": f"{kernel}{width}{idle}", "tag": "spike_mac", "kernel": kernel, "width_bits": width, "idle": idle,
         "multibit_only": multibit_only}
    )  # fmt: skip


def part(of: Component) -> Part:
    """From the table as it stands in the file: mW at 400 MHz, uW."""
    (row,) = (
        row
        for row in rows("sata_components.csv")
        if (row["component"], row["width_bits"], row["depth"]) == (of.kernel, str(of.width_bits), "")
    )
    return Part(float(row["dynamic_power_mw"]) * 2.5, float(row["leakage_uw"]) / 1000, of.idle, of.multibit_only)


def idles(kernel: str) -> tuple[str, ...]:
    return ("toggles", "clock_gated") if kernel == "register" else ("toggles", "clock_gated", "power_gated")


COMPONENTS = st.lists(
    st.sampled_from(
        [component(kernel, idle, width=width) for kernel in KERNELS for idle in idles(kernel) for width in (4, 8)]
        + [component("multiplier", idle, multibit_only=True) for idle in ("clock_gated", "power_gated")]
    ),
    min_size=1,
    max_size=5,
)


@given(COMPONENTS, st.integers(1, 5), st.integers(1, 9), st.data())
def test_energy_is_that_of_a_walk(parts: list[Component], pieces: int, cycles: int, data: st.DataObject) -> None:
    operations = data.draw(st.lists(st.booleans(), max_size=pieces * cycles))
    work, bill = LogicWork(pieces, len(operations), sum(operations), cycles), bill_of(parts, "spike_mac")
    walked = burnt([part(each) for each in parts], pieces, cycles, operations, CLOCK_HZ)
    assert operation_pj(bill, work) == pytest.approx(walked.gated)
    assert toggling_pj(bill, work) == pytest.approx(walked.toggling)
    assert idle_pj(bill, work) == pytest.approx(walked.idle)
    assert standing_pj(bill, work, CLOCK_HZ) == pytest.approx(walked.standing)


def test_operations_beyond_the_clock_toggle_no_more_than_all_cycles() -> None:
    """SATA_Sim counts operations on a larger map than cycles: what toggles in every cycle burns no more than that."""
    work, bill = LogicWork(2, 100, 0, 10), bill_of([component("adder", "toggles")], "spike_mac")
    assert toggling_pj(bill, work) == pytest.approx(20 * part(component("adder", "toggles")).active_pj)
    assert idle_pj(bill, work) == 0


def test_the_other_assumptions_change_what_they_say_and_nothing_else() -> None:
    for kernel, idle in itertools.product(KERNELS, ("toggles", "clock_gated", "power_gated")):
        if idle not in idles(kernel):
            continue
        given_one = component(kernel, idle)
        (would_toggle,) = toggling([given_one])
        assert would_toggle.idle == (idle if kernel == "register" else "toggles")
        assert clock_gated(given_one).idle == ("clock_gated" if idle == "toggles" else idle)
    gated = component("multiplier", "clock_gated", multibit_only=True)
    assert toggling([gated]) == [gated]
    mixed = [component("comparator", "toggles"), component("adder", "clock_gated")]
    assert toggling(mixed) == mixed  # what the architecture lets toggle is what its toggling units are
