"""The architecture: what arch_configs/*.yaml may say, with units, ranges and defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lifsim.units import parse_bytes, parse_hz

Bytes = Annotated[int, BeforeValidator(parse_bytes), Field(ge=0, le=1 << 50)]
Hertz = Annotated[int, BeforeValidator(parse_hz), Field(gt=0, le=10**12)]
Count = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]
Bits = Annotated[int, Field(ge=1, le=64, strict=True)]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Model(BaseModel):
    """Frozen, no unknown keys, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Array(Model):
    """The PE array. `rows` work on output pixels (os, sata), `cols` on filters."""

    rows: Count
    cols: Count
    dataflow: Literal["os", "ws", "is", "sata"] = "os"
    sparsity: Literal["none", "gate", "skip"] = "none"

    @model_validator(mode="after")
    def _skip_needs_output_stationary(self) -> Array:
        if self.sparsity == "skip" and self.dataflow in ("ws", "is"):
            raise ValueError(f"sparsity 'skip' must go with dataflow os or sata, not {self.dataflow}")
        return self


class Precision(Model):
    """Bits per element of what the machine moves and keeps. Spikes are one bit."""

    weight_bits: Bits = 8
    psum_bits: Bits = 16
    membrane_bits: Bits = 8


class Component(Model):
    """`count` pieces of the component-table row (`kernel`, `width_bits`, `depth`).

    tag: which entry of the energy breakdown pays it. gated: its dynamic power is burnt per operation, else in every
    cycle that the array runs.
    """

    name: str
    tag: Literal["spike_mac", "lif", "spad"]
    kernel: str
    width_bits: Bits
    depth: Count | None = None
    count: Count = 1
    gated: bool = False
    multibit_only: bool = False


class LifUnits(Model):
    """LIF units. units: how many without sharing (None: one per PE). overlapped: psums are double-buffered, so that
    the LIF calls of a fold run under the next fold."""

    units: Count | None = None
    latency_cycles: Annotated[int, Field(ge=0, le=1 << 20, strict=True)] = 1
    initiation_interval_cycles: Annotated[int, Field(ge=0, le=1 << 20, strict=True)] = 1
    overlapped: bool = False


class Buffer(Model):
    """An on-chip SRAM. Energy, leakage and area come from the CACTI table unless all four are given here.

    port_bits: width of one access. read_pj, write_pj: per access of that width. leakage_mw: of all banks.
    """

    size_bytes: Bytes
    banks: Count = 1
    port_bits: Annotated[int, Field(ge=1, le=1 << 16, strict=True)] = 64
    double_buffered: bool = False
    read_pj: Cost | None = None
    write_pj: Cost | None = None
    leakage_mw: Cost | None = None
    area_mm2: Cost | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _costs_come_together(self) -> Buffer:
        given = [self.read_pj, self.write_pj, self.leakage_mw, self.area_mm2]
        if any(cost is not None for cost in given):
            if any(cost is None for cost in given):
                raise ValueError("read_pj, write_pj, leakage_mw and area_mm2 must be given together")
            if not self.source:
                raise ValueError("source must say where read_pj, write_pj, leakage_mw and area_mm2 come from")
        return self

    @property
    def usable_bytes(self) -> int:
        """What one tile may fill: half of a double-buffered buffer."""
        return self.size_bytes // 2 if self.double_buffered else self.size_bytes


class Buffers(Model):
    """The five buffers between array and DRAM."""

    weight: Buffer
    spike_in: Buffer
    spike_out: Buffer
    membrane: Buffer
    psum: Buffer


class Dram(Model):
    """Off-chip memory. energy_pj_per_bit: of one bit moved, reads and writes alike."""

    model: Literal["ideal"] = "ideal"
    energy_pj_per_bit: Cost
    source: str


class Arch(Model):
    """One accelerator. technology_nm picks the SRAM table; components come from the SATA_Sim synthesis table.

    accounting "satasim" follows SATA_Sim to the letter (docs/model.md) and is for cross-checks only.
    """

    name: str
    description: str = ""
    clock_hz: Hertz
    technology_nm: Literal[22, 28, 32, 45, 65]
    accounting: Literal["lifsim", "satasim"] = "lifsim"
    array: Array
    precision: Precision = Precision()
    lif: LifUnits = LifUnits()
    components: tuple[Component, ...]
    buffers: Buffers
    dram: Dram
