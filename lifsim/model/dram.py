"""A DRAM: organisation, timing, currents, controller; the schema of arch_configs/dram/*.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Literal

from lifsim.errors import shown
from lifsim.model.dram_energy import IddEnergy, PerBitEnergy, SuppliesEnergy
from lifsim.model.dram_mapping import Segment, mapping_faults, parse_mapping
from lifsim.model.dram_timing import DramTiming, Positive
from lifsim.model.keys import AfterValidator, Field, PlainValidator
from lifsim.model.schema import Broken, Flag, Model, Name, Text, UnknownKeyError, rule

MAX_CHANNELS = 64
MAX_BANKS = 2048
MAX_QUEUED = 32768
KEY_BITS = 30  # of a number that holds a cycle until the next refresh and a bank of the channel
LONGEST_WAIT = 6  # No constraint is longer than so many of the longest timings.
MAX_SIZE = 1 << 24
MAX_IDLE_CYCLES = 1 << 40


def _size(value: int) -> int:
    """Address fields are whole bits, so everything they count is a power of two."""
    if value < 1 or value > MAX_SIZE:
        raise ValueError(f"{value} must be from 1 to {MAX_SIZE}")
    if value & (value - 1):
        raise ValueError(f"{value} must be a power of two")
    return value


Size = Annotated[int, Field(strict=True), AfterValidator(_size)]
Depth = Annotated[int, Field(ge=1, le=256, strict=True)]


def _cycles_or_off(value: object) -> object:
    if value == "off" or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_IDLE_CYCLES):
        return value
    raise ValueError(f"{shown(value)} must be a whole number of cycles from 0 to {MAX_IDLE_CYCLES}, or off")


IdleCycles = Annotated[int | Literal["off"], PlainValidator(_cycles_or_off)]
"""Idle cycles of a rank after which it goes to sleep, or never."""


class DramOrganisation(Model):
    """Channels of ranks of bank groups of banks of rows x columns. Chips `device_bits` wide make the bus."""

    channels: Size
    ranks: Size
    bank_groups: Size
    banks_per_group: Size
    rows: Size
    columns: Size
    device_bits: Size
    bus_bits: Size
    burst_length: Size

    @rule
    def bus_is_a_byte(self) -> Broken:
        """Addresses are of bytes."""
        if self.bus_bits < 8:
            yield "bus_bits", f"{self.bus_bits} must be at least a byte (8)"

    @rule
    def chips_fit_the_bus(self) -> Broken:
        """Chips side by side must make the width of the bus."""
        if self.device_bits > self.bus_bits:
            yield "device_bits", f"{self.device_bits} must be <= the bus of {self.bus_bits} bits"

    @rule
    def bursts_are_whole_cycles(self) -> Broken:
        """A burst must take whole cycles, of two transfers each."""
        if self.burst_length == 1:
            yield "burst_length", "1 must be >= 2: two transfers a cycle"

    @rule
    def rows_hold_a_burst(self) -> Broken:
        """A row must hold at least one burst."""
        if self.columns < self.burst_length:
            yield "columns", f"{self.columns} must be at least one burst of {self.burst_length}"

    @rule
    def channels_are_few(self) -> Broken:
        """The simulation keeps all of them."""
        if self.channels > MAX_CHANNELS:
            yield "channels", f"{self.channels} must be <= {MAX_CHANNELS}"

    @rule
    def banks_are_few(self) -> Broken:
        """The simulation keeps all of them."""
        if self.channels * self.banks_per_channel > MAX_BANKS:
            yield "", f"{self.channels * self.banks_per_channel} banks in all must be <= {MAX_BANKS}"

    @property
    def banks_per_rank(self) -> int:
        """Banks of a rank, over all bank groups."""
        return self.bank_groups * self.banks_per_group

    @property
    def banks_per_channel(self) -> int:
        """Banks of a channel, over all ranks."""
        return self.ranks * self.banks_per_rank

    @property
    def burst_bytes(self) -> int:
        """Bytes of one read or write command: bus width x burst length."""
        return self.bus_bits * self.burst_length // 8

    @property
    def row_bytes(self) -> int:
        """Bytes that an activate opens, over all devices of a rank."""
        return self.columns * self.bus_bits // 8

    @property
    def burst_cycles(self) -> int:
        """Clock cycles that a burst holds the data bus: two transfers a cycle."""
        return self.burst_length // 2

    @property
    def devices_per_rank(self) -> int:
        """Chips that share the bus."""
        return self.bus_bits // self.device_bits

    @property
    def field_bits(self) -> dict[str, int]:
        """Width of each address field; `co` counts bursts in a row, as a burst is the smallest thing addressed."""
        counts = {
            "ch": self.channels, "ra": self.ranks, "bg": self.bank_groups, "ba": self.banks_per_group,
            "ro": self.rows, "co": self.columns // self.burst_length,
        }  # fmt: skip
        return {field: count.bit_length() - 1 for field, count in counts.items()}

    @property
    def capacity_bytes(self) -> int:
        """Bytes of all channels."""
        return self.burst_bytes << sum(self.field_bits.values())


class DramController(Model):
    """The controller of a channel. The front end takes requests in order, `requests_per_cycle` over all channels.

    read_queue, write_queue: entries per channel. command_queue: entries per bank. drain_above: number of waiting writes
    above which they are drained when nothing else is to do. row_hit_limit: accesses of an open row before an older miss
    may close it. power_down_after_cycles, self_refresh_after_cycles: idle cycles after which a rank is put to sleep.
    """

    read_queue: Depth = 32
    write_queue: Depth = 32
    command_queue: Depth = 8
    drain_above: Annotated[int, Field(ge=0, le=256, strict=True)] = 8
    row_hit_limit: Positive = 4
    requests_per_cycle: Annotated[int, Field(ge=1, le=64, strict=True)] = 1
    dual_command: Flag = False
    power_down_after_cycles: IdleCycles = "off"
    self_refresh_after_cycles: IdleCycles = "off"

    @property
    def sleeps(self) -> bool:
        """Whether ranks are ever put to sleep."""
        return (self.power_down_after_cycles, self.self_refresh_after_cycles) != ("off", "off")


LOW_POWER = {
    "power_down_after_cycles": (("tCKE", "tXP"), ("IDD2P", "IDD3P")),
    "self_refresh_after_cycles": (("tCKE", "tXS"), ("IDD6",)),
}
"""Settings that put ranks to sleep: the timings and the currents that a device must then have."""


class DramSpec(Model):
    """One DRAM. mapping: address fields, MSB first (`rochrababgco`) or LSB first with bits (`co[12:6] ba[15:13] ...`).

    notes: what is known to be odd about the figures; `source` says where they come from.
    """

    name: Name
    source: Text
    notes: tuple[Text, ...] = ()
    organisation: DramOrganisation
    mapping: Name
    timing: DramTiming
    controller: DramController = DramController()
    energy: Annotated[IddEnergy | SuppliesEnergy | PerBitEnergy, Field(discriminator="model")]

    @rule
    def mapping_covers_the_address(self) -> Broken:
        """The mapping must cover every address bit once."""
        for message in mapping_faults(self.mapping, self.organisation.field_bits, self.offset_bits):
            yield "mapping", message

    @rule
    def queues_are_few(self) -> Broken:
        """The simulation keeps all of them."""
        organisation, controller = self.organisation, self.controller
        queued = controller.read_queue + controller.write_queue
        queued += organisation.banks_per_channel * controller.command_queue
        if organisation.channels * queued > MAX_QUEUED:
            yield "controller", f"{organisation.channels * queued} queue entries in all must be <= {MAX_QUEUED}"

    @rule
    def bursts_fit_the_bus(self) -> Broken:
        """Two words cross the bus in a cycle."""
        organisation, gap = self.organisation, self.timing.tCCD_S
        if gap < organisation.burst_cycles:
            message = (
                f"{gap} must be >= {organisation.burst_cycles}, the cycles of a burst of "
                f"{organisation.burst_length}: two words a cycle are moved here; GDDR5 and later, which move four or "
                "more, are not modelled"
            )
            yield "timing.tCCD_S", message

    @rule
    def turns_are_told_apart(self) -> Broken:
        """The cycle of a bank's next command, from the last refresh on, and the bank are one number."""
        banks, timing = self.organisation.banks_per_channel, self.timing
        most = (1 << KEY_BITS) // (timing.tREFI // self.organisation.ranks + LONGEST_WAIT * timing.longest_cycles)
        if banks >= most:
            yield "organisation", f"{banks} banks a channel must be < {most}, or the cycles of `timing` fewer"

    @rule
    def refreshes_do_not_meet(self) -> Broken:
        """Refreshes of the ranks must not overlap."""
        interval, timing = self.timing.tREFI // self.organisation.ranks, self.timing
        if interval <= timing.tRP:
            yield "timing.tREFI", f"{timing.tREFI} must be > tRP x ranks = {timing.tRP * self.organisation.ranks}"

    @rule
    def refreshes_leave_time(self) -> Broken:
        """A refresh first waits until open rows are closed; after it, a row must be opened, accessed and closed before
        the next refresh, or requests could wait for ever."""
        timing, rows = self.timing, 2 * self.row_cycles + self.organisation.banks_per_rank
        if timing.tRFC < timing.tREFI < timing.tRFC + rows:
            why = f"tRFC = {timing.tRFC}, and {rows} to close rows before it and to use one behind it"
            yield "timing.tREFI", f"{timing.tREFI} must be >= {timing.tRFC + rows}: {why}"

    @rule
    def activates_cost_something(self) -> Broken:
        """An activate must draw more than standby, from each supply."""
        timing, price = self.timing, self.energy
        if isinstance(price, PerBitEnergy):
            return
        for index, supply in enumerate(price.supplies):
            with suppress(UnknownKeyError):
                charge = supply.IDD3N * timing.tRAS + supply.IDD2N * timing.tRP
                if supply.IDD0 * timing.tRC < charge:
                    message = "must be >= what an open and a precharged device draw in one tRC"
                    key = "energy.IDD0" if isinstance(price, IddEnergy) else f"energy.supplies.{index}.IDD0"
                    yield key, f"{supply.IDD0} {message} = {charge / timing.tRC:.4g}"

    @rule
    def sleep_is_known(self) -> Broken:
        """A device that is put to sleep must state its timing and currents asleep."""
        for key in LOW_POWER:
            for message in self.sleep_faults(key, getattr(self.controller, key)):
                yield f"controller.{key}", message

    def sleep_faults(self, key: str, after: int | str) -> Iterator[str]:
        """Why the device cannot be put to sleep: `key` is one of LOW_POWER, `after` its value."""
        if after == "off":
            return
        timings, currents = LOW_POWER[key]
        missing = [f"timing.{name}" for name in timings if getattr(self.timing, name) is None]
        if not isinstance(self.energy, PerBitEnergy):
            supplies = self.energy.supplies
            missing += [f"energy.{name}" for name in currents if any(getattr(s, name) is None for s in supplies)]
        if missing:
            yield f"{after} must be off: {self.name} has no {', '.join(missing)}"

    @property
    def row_cycles(self) -> int:
        """Most cycles to activate a row, read or write one burst, and precharge it."""
        timing = self.timing
        read = timing.tRCD + timing.tRTP + timing.tRP
        data = timing.activate_to_write_cycles + timing.CWL + self.organisation.burst_cycles
        return max(timing.tRC, read, data + timing.tWR + timing.tRP)

    @property
    def borrowed_from(self) -> str | None:
        """The device whose currents it has, None if they are its own."""
        return None if isinstance(self.energy, PerBitEnergy) else self.energy.borrowed_from

    @property
    def offset_bits(self) -> int:
        """Address bits within one burst."""
        return self.organisation.burst_bytes.bit_length() - 1

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The mapping as segments of address bits, LSB first."""
        return parse_mapping(self.mapping, self.organisation.field_bits, self.offset_bits)

    @property
    def peak_bytes_per_cycle(self) -> float:
        """Peak bytes per cycle of all channels: two transfers a cycle."""
        return self.organisation.channels * self.organisation.bus_bits / 4
