# ruff: noqa: N815  (tRCD, tFAW, ... are JEDEC's names)
"""A DRAM: organisation, timing, currents, controller. What arch_configs/dram/*.yaml may say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from lifsim.config.device import read_device
from lifsim.config.dram_mapping import Segment, mapping_faults, parse_mapping
from lifsim.config.overrides import override
from lifsim.config.schema import Cycles, Flag, Model, Name, Text
from lifsim.config.validate import parse_model

MAX_CHANNELS = 64
MAX_BANKS = 2048
MAX_QUEUED = 32768
MAX_SIZE = 1 << 24

Whole = Annotated[int, Field(strict=True)]
Positive = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]
Depth = Annotated[int, Field(ge=1, le=256, strict=True)]
Milliamps = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, strict=True)]


class DramOrganisation(Model):
    """Channels of ranks of bank groups of banks of rows x columns. Chips `device_bits` wide make the bus."""

    channels: Whole
    ranks: Whole
    bank_groups: Whole
    banks_per_group: Whole
    rows: Whole
    columns: Whole
    device_bits: Whole
    bus_bits: Whole
    burst_length: Whole

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """Address fields are whole bits, so everything they count is a power of two."""
        sizes = self.model_dump()
        for key, value in sizes.items():
            if value < 1 or value > MAX_SIZE:
                yield key, f"{value} must be from 1 to {MAX_SIZE}"
            elif value & (value - 1):
                yield key, f"{value} must be a power of two"
        if 1 <= self.bus_bits < 8:
            yield "bus_bits", f"{self.bus_bits} must be at least a byte (8)"
        if self.device_bits > self.bus_bits:
            yield "device_bits", f"{self.device_bits} must be <= the bus of {self.bus_bits} bits"
        if self.burst_length == 1:
            yield "burst_length", "1 must be >= 2: two transfers a cycle"
        if self.columns < self.burst_length:
            yield "columns", f"{self.columns} must be at least one burst of {self.burst_length}"
        if self.channels > MAX_CHANNELS:
            yield "channels", f"{self.channels} must be <= {MAX_CHANNELS}"
        if self.channels * self.banks_per_channel > MAX_BANKS:
            yield "", f"{self.channels * self.banks_per_channel} banks in all must be <= {MAX_BANKS}"

    @property
    def banks_per_rank(self) -> int:
        """Of all its bank groups."""
        return self.bank_groups * self.banks_per_group

    @property
    def banks_per_channel(self) -> int:
        """Of all its ranks."""
        return self.ranks * self.banks_per_rank

    @property
    def burst_bytes(self) -> int:
        """What one read or write command moves: bus width x burst length."""
        return self.bus_bits * self.burst_length // 8

    @property
    def row_bytes(self) -> int:
        """What an activate opens, of all devices of a rank."""
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
        """Of all channels."""
        return self.burst_bytes << sum(self.field_bits.values())


class DramTiming(Model):
    """JEDEC's timing parameters in clock cycles, but for tCK_ns, the length of one.

    AL, CL, CWL: additive, read and write latency. tRCDWR: tRCD of a write where it differs. _S, _L: between different
    bank groups, within one. tRTRS: bus turn-around between ranks. tPPD: precharge to precharge.
    """

    tCK_ns: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False, strict=True)]
    AL: Cycles = 0
    CL: Positive
    CWL: Positive
    tRCD: Positive
    tRCDWR: Positive | None = None
    tRP: Positive
    tRAS: Positive
    tRC: Positive
    tCCD_S: Positive
    tCCD_L: Positive
    tRRD_S: Positive
    tRRD_L: Positive
    tFAW: Positive
    tWR: Cycles
    tWTR_S: Cycles
    tWTR_L: Cycles
    tRTP: Cycles
    tRFC: Positive
    tREFI: Positive
    tRTRS: Cycles = 0
    tPPD: Cycles = 0

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """What no device could have."""
        at_least = (
            ("tRAS", self.tRAS, "tRCD", self.tRCD, "a row stays open until its columns can be read"),
            ("tRC", self.tRC, "tRAS + tRP", self.tRAS + self.tRP, "a row cycle is an open and a precharged phase"),
            ("tRCD", self.tRCD, "AL", self.AL, "a posted read cannot be due before its row is open"),
            ("tRCDWR", self.activate_to_write_cycles, "AL", self.AL, "a posted write cannot be due before its row"),
            ("tCCD_L", self.tCCD_L, "tCCD_S", self.tCCD_S, "_L is within a bank group, _S between two"),
            ("tRRD_L", self.tRRD_L, "tRRD_S", self.tRRD_S, "_L is within a bank group, _S between two"),
            ("tWTR_L", self.tWTR_L, "tWTR_S", self.tWTR_S, "_L is within a bank group, _S between two"),
            ("tRC", self.tRC, "tRRD_L", self.tRRD_L, "one bank activates no faster than two"),
            ("tFAW", self.tFAW, "tRRD_S", self.tRRD_S, "five activates take no less time than two"),
            ("CL", self.CL + self.AL, "CWL - AL", self.CWL, "write latency exceeds read latency in no standard"),
        )
        for key, value, other, bound, why in at_least:
            if value < bound:
                yield key, f"{value} must be >= {other} = {bound}: {why}"
        if self.tREFI <= self.tRFC:
            yield "tREFI", f"{self.tREFI} must be > tRFC = {self.tRFC}: refresh would leave no time for anything else"

    @property
    def activate_to_write_cycles(self) -> int:
        """tRCDWR, tRCD where it is not given."""
        return self.tRCD if self.tRCDWR is None else self.tRCDWR

    @property
    def read_latency_cycles(self) -> int:
        """Read command to the first data: AL + CL."""
        return self.AL + self.CL

    @property
    def write_latency_cycles(self) -> int:
        """Write command to the first data: AL + CWL."""
        return self.AL + self.CWL


class DramController(Model):
    """The controller of a channel. Its front end takes requests in order, `requests_per_cycle` of all channels a cycle.

    read_queue, write_queue: entries a channel. command_queue: entries a bank. drain_above: so many writes are drained
    where nothing else is to do. row_hit_limit: so many accesses of an open row before an older miss may close it.
    """

    read_queue: Depth = 32
    write_queue: Depth = 32
    command_queue: Depth = 8
    drain_above: Annotated[int, Field(ge=0, le=256, strict=True)] = 8
    row_hit_limit: Positive = 4
    requests_per_cycle: Annotated[int, Field(ge=1, le=64, strict=True)] = 1
    dual_command: Flag = False


class IddEnergy(Model):
    """Supply voltage and the currents of one device (mA) while it activates, stands by, reads, writes, refreshes."""

    model: Literal["idd"]
    VDD: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False, strict=True)]
    IDD0: Milliamps
    IDD2N: Milliamps
    IDD3N: Milliamps
    IDD4R: Milliamps
    IDD4W: Milliamps
    IDD5AB: Milliamps

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """An access draws no less than standing by."""
        for key in ("IDD4R", "IDD4W", "IDD5AB"):
            if getattr(self, key) < self.IDD3N:
                yield key, f"{getattr(self, key)} must be >= IDD3N = {self.IDD3N}, of an open and idle device"


class PerBitEnergy(Model):
    """One price for every bit moved, read or written, background included."""

    model: Literal["per_bit"]
    pj_per_bit: Milliamps


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
    energy: Annotated[IddEnergy | PerBitEnergy, Field(discriminator="model")]

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """The mapping covers the address; refreshes of the ranks and of one rank do not run into each other."""
        for message in mapping_faults(self.mapping, self.organisation.field_bits, self.offset_bits):
            yield "mapping", message
        organisation, controller = self.organisation, self.controller
        queued = controller.read_queue + controller.write_queue
        queued += organisation.banks_per_channel * controller.command_queue
        if organisation.channels * queued > MAX_QUEUED:
            yield "controller", f"{organisation.channels * queued} queue entries in all must be <= {MAX_QUEUED}"
        interval, timing = self.timing.tREFI // organisation.ranks, self.timing
        if timing.tCCD_S < organisation.burst_cycles:
            message = (
                f"{timing.tCCD_S} must be >= {organisation.burst_cycles}, the cycles of a burst of "
                f"{organisation.burst_length}: two words a cycle are moved here; GDDR5 and later, which move four or "
                "more, are not modelled"
            )
            yield "timing.tCCD_S", message
        if interval <= timing.tRP:
            yield "timing.tREFI", f"{timing.tREFI} must be > tRP x ranks = {timing.tRP * organisation.ranks}"
        if isinstance(self.energy, IddEnergy):
            charge = self.energy.IDD3N * timing.tRAS + self.energy.IDD2N * timing.tRP
            if self.energy.IDD0 * timing.tRC < charge:
                message = "must be >= what an open and a precharged device draw in one tRC"
                yield "energy.IDD0", f"{self.energy.IDD0} {message} = {charge / timing.tRC:.4g}"

    @property
    def offset_bits(self) -> int:
        """Address bits within one burst."""
        return self.organisation.burst_bytes.bit_length() - 1

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The mapping as runs of address bits, LSB first."""
        return parse_mapping(self.mapping, self.organisation.field_bits, self.offset_bits)

    @property
    def peak_bytes_per_cycle(self) -> float:
        """Of all channels: two transfers a cycle."""
        return self.organisation.channels * self.organisation.bus_bits / 4


def load_dram(name: str, overrides: Sequence[str] = ()) -> DramSpec:
    """The DRAM that `name` means (``ddr4_2400``, a file), with ``key=value`` overrides. Raises InputError."""
    return parse_model(DramSpec, override(read_device(name), overrides))
