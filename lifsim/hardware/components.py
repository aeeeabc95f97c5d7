"""Energy, leakage and area of logic: a bill of materials priced from SATA_Sim's synthesis results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.hardware import tables
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Component
from lifsim.units import noun_of

SYNTHESIS_CLOCK_HZ = 400_000_000
"""Clock at which the table's dynamic power was measured; energy per cycle is that power over this clock."""

SOURCE = "SATA_Sim's synthesis (Yin et al., IEEE TCAD 2022), dynamic power at 400 MHz"
"""Who made the table."""


@dataclass(frozen=True)
class Price:
    """Cost of one piece. Dynamic energy of one active cycle in pJ, leakage in mW, area in mm2."""

    dynamic_pj: float
    leakage_mw: float
    area_mm2: float


@dataclass(frozen=True)
class Bill:
    """One PE's or one LIF unit's cost under one tag.

    operation_pj: per operation (gated components). multibit_pj: on top of it per operation on a multi-bit input.
    toggling_pj: per cycle, whatever it does. leakage_mw, area_mm2: always. working_leakage_mw, multibit_leakage_mw: of
    power-gated components, in the cycles of an operation, of one on a multi-bit input.
    """

    operation_pj: float
    multibit_pj: float
    toggling_pj: float
    leakage_mw: float
    area_mm2: float
    working_leakage_mw: float = 0.0
    multibit_leakage_mw: float = 0.0


@cache
def _table() -> dict[tuple[str, int, int | None], Price]:
    """(kernel, width_bits, depth) -> price; mW over the clock, uW and um2 converted once, here."""
    return {
        (row["component"], int(row["width_bits"]), int(row["depth"]) if row["depth"] else None): Price(
            dynamic_pj=float(row["dynamic_power_mw"]) / SYNTHESIS_CLOCK_HZ * 1e9,
            leakage_mw=float(row["leakage_uw"]) * 1e-3,
            area_mm2=float(row["area_um2"]) * 1e-6,
        )
        for row in tables.rows("sata_components.csv")
    }


def bill_of(components: Iterable[Component], tag: str) -> Bill:
    """Sum the `components` of `tag`. Raises InputError listing every component that the table does not hold."""
    chosen = [component for component in components if component.tag == tag]
    faults = [fault for component in components if (fault := price_fault(component))]
    if faults:
        raise InputError(faults)
    price = [(c, _table()[c.kernel, c.width_bits, c.depth]) for c in chosen]
    gated = [(c, p) for c, p in price if c.idle != "toggles"]
    off = [(c, p) for c, p in price if c.idle == "power_gated"]
    return Bill(
        operation_pj=sum(c.count * p.dynamic_pj for c, p in gated if not c.multibit_only),
        multibit_pj=sum(c.count * p.dynamic_pj for c, p in gated if c.multibit_only),
        toggling_pj=sum(c.count * p.dynamic_pj for c, p in price if c.idle == "toggles"),
        leakage_mw=sum(c.count * p.leakage_mw for c, p in price if c.idle != "power_gated"),
        area_mm2=sum(c.count * p.area_mm2 for c, p in price),
        working_leakage_mw=sum(c.count * p.leakage_mw for c, p in off if not c.multibit_only),
        multibit_leakage_mw=sum(c.count * p.leakage_mw for c, p in off if c.multibit_only),
    )


def price_of(component: Component) -> Price:
    """Of one piece. Raises InputError if the table does not hold it."""
    fault = price_fault(component)
    if fault is not None:
        raise InputError(fault)
    return _table()[component.kernel, component.width_bits, component.depth]


def kernels() -> dict[str, tuple[str, ...]]:
    """The component table: of each kernel the sizes that it has, bits, or bits x entries."""
    found: dict[str, list[str]] = {}
    for kernel, width, depth in _table():
        found.setdefault(kernel, []).append(f"{width}" if depth is None else f"{width}x{depth}")
    return {kernel: tuple(sizes) for kernel, sizes in found.items()}


def toggling(units: Sequence[Component]) -> Sequence[Component]:
    """The parts of LIF units, were they to toggle without work: as they are where any of them does, else all of them
    but what holds a state, which keeps its clock gate as in SATA_Sim's unit."""
    if any(part.idle == "toggles" for part in units):
        return units
    stays = {part.name for part in units if part.holds_state or part.multibit_only}
    return [part if part.name in stays else part.model_copy(update={"idle": "toggles"}) for part in units]


def clock_gated(component: Component) -> Component:
    """The same, had it a clock gate; one that has a power gate keeps that."""
    return component.model_copy(update={"idle": "clock_gated"}) if component.idle == "toggles" else component


def price_fault(component: Component) -> Fault | None:
    """What is wrong with a component that the table does not hold; None if it does."""
    table = _table()
    if (component.kernel, component.width_bits, component.depth) in table:
        return None
    path = f"components.{component.name}"
    sizes_of = kernels()
    if component.kernel not in sizes_of:
        hint = did_you_mean(component.kernel, sorted(sizes_of))
        rule = "must be in the component table (lifsim list kernels)"
        return Fault(f"kernel {component.kernel!r} {rule}{hint}", path=path)
    sizes = ", ".join(sizes_of[component.kernel])
    deep = "" if component.depth is None else f"x{component.depth}"
    size = f"{component.width_bits}{deep} {noun_of(component.width_bits, 'bit')}"
    return Fault(f"{component.kernel} of {size} must be in the component table, which has {sizes}", path=path)
