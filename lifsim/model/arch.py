"""The architecture: what arch_configs/*.yaml may say, with units, ranges and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from lifsim.brief import Brief, Briefly
from lifsim.errors import shown
from lifsim.model.buffers import Buffers
from lifsim.model.described import arch_brief
from lifsim.model.dram_part import Dram
from lifsim.model.keys import BeforeValidator, Field
from lifsim.model.members import member_of
from lifsim.model.schema import Bits, Broken, Count, Cycles, Flag, Model, Name, UnknownKeyError, rule
from lifsim.registry import registry_of
from lifsim.units import parse_hz

Extent = Annotated[int, Field(ge=1, le=1 << 16, strict=True)]
MAX_CLOCK_RATIO = 1 << 21
CLOCK_HZ = (1_000, 10_000_000_000)
"""The slowest and the fastest clock that is accepted: kilohertz are clocks of subthreshold chips."""


def _clock(value: str | float) -> int:
    hertz = parse_hz(value)
    if hertz <= 0:
        raise ValueError(f"{shown(value)} must be > 0")
    if not CLOCK_HZ[0] <= hertz <= CLOCK_HZ[1]:
        hint = f"; did you mean {hertz}MHz?" if hertz < CLOCK_HZ[0] else ""
        raise ValueError(f"{shown(value)} must be from 1kHz to 10GHz{hint}")
    return hertz


Clock = Annotated[int, BeforeValidator(_clock)]


class Array(Model):
    """The PE array. dataflow, sparsity: names of registered members (`lifsim list dataflows`, `sparsities`)."""

    rows: Extent
    cols: Extent
    dataflow: Annotated[str, member_of("dataflow")] = "os"
    sparsity: Annotated[str, member_of("sparsity")] = "none"

    @rule
    def sparsity_goes_with_dataflow(self) -> Broken:
        """The sparsity must support the dataflow."""
        refusal = registry_of("sparsity")[self.sparsity].refusal(registry_of("dataflow")[self.dataflow])
        if refusal:
            yield "sparsity", refusal

    @property
    def pes(self) -> int:
        """Processing elements."""
        return self.rows * self.cols


MASTER_BITS = 32
"""Bits of a master weight, which the optimizer changes instead of the narrow one."""


class OptimizerPart(Model):
    """How the machine changes weights, once per batch; read in training only.

    name: of a registered member (`lifsim list optimizers`).
    state_bits: of each value that it keeps per weight. master_weights: whether weights of 32 bits are kept and changed,
        of which the array's are narrow copies.
    lanes: multiply-adds, and divisions beside them, that the optimizer unit starts per cycle.
    """

    name: Annotated[str, member_of("optimizer")] = "sgd"
    state_bits: Bits = 32
    master_weights: Flag = False
    lanes: Count = 8


PLAIN_SGD = OptimizerPart()
"""The default if an architecture does not say."""


class Precision(Model):
    """Bits per element. Spikes have one bit. gradient_bits: of the gradients of spikes, membranes and weights; None: as
    many as psums have."""

    weight_bits: Bits = 8
    psum_bits: Bits = 16
    membrane_bits: Bits = 8
    gradient_bits: Bits | None = None

    @rule
    def sums_are_wide(self) -> Broken:
        """A sum of weights is at least as wide as one."""
        if self.psum_bits < self.weight_bits:
            yield "psum_bits", f"{self.psum_bits} must be >= weight_bits, {self.weight_bits}"

    @property
    def of_gradients(self) -> int:
        """Bits of a gradient."""
        return self.psum_bits if self.gradient_bits is None else self.gradient_bits


Idle = Literal["toggles", "clock_gated", "power_gated"]
STATE_KERNELS = ("register", "fifo", "lfsr_rng")
"""Rows of the component table that hold state from cycle to cycle."""


class Component(Model):
    """`count` pieces per PE (tags lif, pgu, surrogate: per LIF unit; membrane: per membrane that the array holds;
    optimizer, optimizer_divider: per lane of the optimizer unit) of the component-table row (`kernel`, `width_bits`,
    `depth`).

    Whether the table has that row is checked in hardware, under the path ``components.NAME``.

    tag: the entry of the energy breakdown that it belongs to; pgu, the membrane-gradient unit of training, and
        surrogate, which computes the surrogate's slope for it, count as lif; pgu also does the multiply-adds of batch
        norms; optimizer works once per multiply-add of the weight update, optimizer_divider once per quotient or square
        root.
    depth: entries of a fifo or register file.
    idle: its state in a cycle without work, stalls included. toggles: it consumes as much as at work; clock_gated: it
        only leaks; power_gated: it leaks only while it works.
    multibit_only: it works only on inputs of several bits (the analogue image, nonzero gradients), as a multiplier
        does.
    """

    name: Name
    tag: Literal["spike_mac", "lif", "membrane", "spad", "pgu", "surrogate", "optimizer", "optimizer_divider"]
    kernel: Name
    width_bits: Bits
    depth: Count | None = None
    count: Count = 1
    idle: Idle = "toggles"
    multibit_only: Flag = False

    renamed: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"gated": "idle now: clock_gated for gated: true, toggles for gated: false"}
    )

    @property
    def holds_state(self) -> bool:
        """Whether it holds state from cycle to cycle."""
        return self.kernel in STATE_KERNELS

    @rule
    def multibit_is_gated(self) -> Broken:
        """A component that works in some layers only must be gated, and must work on the inputs."""
        if self.multibit_only and not (self.idle != "toggles" and self.tag in ("spike_mac", "pgu")):
            yield "multibit_only", "true must go with idle: clock_gated or power_gated, and tag: spike_mac or pgu"

    @rule
    def membranes_are_held(self) -> Broken:
        """Membranes must be held by a component that holds state."""
        if self.tag == "membrane" and not self.holds_state:
            yield "tag", f"membrane must go with kernel register or fifo, not {self.kernel}"

    @rule
    def state_stays_powered(self) -> Broken:
        """A component that holds state must not be power-gated, which would lose it."""
        if self.idle == "power_gated" and self.holds_state:
            rule = (
                f"must be clock_gated or toggles: a {self.kernel} would lose what it holds (membranes, psums, weights,"
            )
            yield "idle", f"power_gated {rule} thresholds)"


class LifUnits(Model):
    """LIF units. units: how many without sharing (None: one per PE). overlapped: psums are double-buffered, so that
    the LIF calls of a fold run under the next fold."""

    units: Count | None = None
    latency_cycles: Cycles = 1
    initiation_interval_cycles: Cycles = 1
    overlapped: Flag = False


class SatasimVersion(Model):
    """Differences between SATA_Sim's versions; read under accounting "satasim" only. The defaults are those of its
    first published results (BNTT, TSSL, TT-SNN).

    psum_times_t: outputs are written once per timestep (results of 2023 on), else once. linear_as_3x3: a linear layer
    has 9 outputs per filter, as in every published result. act_bits, weight_bits, output_bits: an element is charged
    bits/8 of an access; act_bits is T if an access fetches all timesteps.
    """

    psum_times_t: Flag = False
    linear_as_3x3: Flag = True
    act_bits: Bits = 8
    weight_bits: Bits = 8
    output_bits: Bits = 8


class Arch(Briefly, Model):
    """One accelerator. technology_nm picks the SRAM table; components come from the SATA_Sim synthesis table.

    components_of: the shipped architecture whose components are used if the file names none (default sata128).

    accounting: the name of a registered member (`lifsim list accountings`); "satasim" follows SATA_Sim to the letter
    (docs/satasim.md) and is for cross-checks only.
    """

    name: Name
    description: str = ""
    clock_hz: Clock
    technology_nm: Literal[22, 28, 32, 45, 65]
    accounting: Annotated[str, member_of("accounting")] = "lifsim"
    satasim: SatasimVersion = SatasimVersion()
    array: Array
    precision: Precision = Precision()
    optimizer: OptimizerPart = PLAIN_SGD
    lif: LifUnits = LifUnits()
    components: Annotated[tuple[Component, ...], Field(max_length=1000)]
    components_of: Name | None = None
    buffers: Buffers
    dram: Dram

    @property
    def brief(self) -> Brief:
        """Its main parts."""
        return arch_brief(self)

    @rule
    def components_have_names(self) -> Broken:
        """Names of components must be unique."""
        first: dict[str, int] = {}
        for index, component in enumerate(self.components):
            with suppress(UnknownKeyError):
                before = first.setdefault(component.name, index)
                if before != index:
                    message = f"{component.name!r} must be given once, is components.{before} too"
                    yield f"components.{index}.name", message

    @rule
    def master_weights_are_wider(self) -> Broken:
        """Master weights must be wider than the weights."""
        bits = self.precision.weight_bits
        if self.optimizer.master_weights and bits >= MASTER_BITS:
            yield "optimizer.master_weights", f"true must go with weight_bits < {MASTER_BITS}, not {bits}"

    @rule
    def array_has_components(self) -> Broken:
        """The components of the PEs must be given."""
        if all(component.tag != "spike_mac" for component in self.components):
            yield "components", "must have at least one of tag spike_mac"

    @rule
    def lif_units_have_components(self) -> Broken:
        """The components of the LIF units must be given."""
        if all(component.tag != "lif" for component in self.components):
            yield "components", "must have at least one of tag lif"

    @rule
    def accounting_knows_it(self) -> Broken:
        """The accounting must be able to count this architecture."""
        for refusal in registry_of("accounting")[self.accounting].refusals(self):
            with suppress(UnknownKeyError):
                yield from refusal

    @rule
    def dataflow_is_of_its_accounting(self) -> Broken:
        """The accounting must be able to count this dataflow."""
        refusal = registry_of("dataflow")[self.array.dataflow].refusal(self.accounting)
        if refusal:
            yield "array.dataflow", refusal

    @rule
    def device_suits_the_clock(self) -> Broken:
        """The ratio of clocks must not overflow cycles."""
        if self.dram.device is not None:
            device_hz = 1e9 / self.dram.device.timing.tCK_ns
            if not 1 / MAX_CLOCK_RATIO <= device_hz / self.clock_hz <= MAX_CLOCK_RATIO:
                message = f"must be within a factor of {MAX_CLOCK_RATIO} of the DRAM's {device_hz:.4g} Hz"
                yield "clock_hz", f"{self.clock_hz} {message}"

    @rule
    def bandwidth_suits_the_clock(self) -> Broken:
        """The ratio of bandwidth and clock must not overflow cycles or bytes."""
        bandwidth = self.dram.bandwidth_bytes_per_s
        if bandwidth is not None and not self.clock_hz >> 20 <= bandwidth <= self.clock_hz << 20:
            yield "dram.bandwidth_bytes_per_s", f"{bandwidth} must be within 2^20 bytes of one byte a cycle of clock_hz"
