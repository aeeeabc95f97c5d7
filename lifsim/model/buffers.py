"""The on-chip buffers of an architecture."""

from __future__ import annotations

from typing import Annotated, Literal

from lifsim.model.keys import Field
from lifsim.model.schema import Broken, Bytes, Cost, Count, Flag, Model, Text, rule


class Buffer(Model):
    """An on-chip SRAM. Energy, leakage and area come from the CACTI table unless all four are given here.

    port_bits: width of one access. read_pj, write_pj: per access of that width. leakage_mw: of all banks.
    double_buffered: one half works while the other is filled. idle: what it does in a run that never uses it.
    """

    size_bytes: Bytes
    banks: Count = 1
    port_bits: Annotated[int, Field(ge=1, le=1 << 16, strict=True)] = 64
    double_buffered: Flag = False
    idle: Literal["powered", "gated"] = "powered"
    read_pj: Cost | None = None
    write_pj: Cost | None = None
    leakage_mw: Cost | None = None
    area_mm2: Cost | None = None
    source: Text | None = None

    @rule
    def costs_are_all_given(self) -> Broken:
        """Costs come together."""
        costs = {name: getattr(self, name) for name in ("read_pj", "write_pj", "leakage_mw", "area_mm2")}
        missing = [name for name, cost in costs.items() if cost is None]
        if missing and len(missing) < len(costs):
            yield "", f"must have {', '.join(missing)} too: read_pj, write_pj, leakage_mw and area_mm2 come together"

    @rule
    def costs_have_a_source(self) -> Broken:
        """Costs say where they come from."""
        if self.source is None and any(
            getattr(self, name) is not None for name in ("read_pj", "write_pj", "leakage_mw", "area_mm2")
        ):
            yield "", "must have source, which says where its costs come from"

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

    @rule
    def weights_have_a_buffer(self) -> Broken:
        """Membranes and partial sums may have none (size 0); what every layer reads and writes must have one."""
        yield from _empty("weight", self.weight)

    @rule
    def spikes_in_have_a_buffer(self) -> Broken:
        """They must have one."""
        yield from _empty("spike_in", self.spike_in)

    @rule
    def spikes_out_have_a_buffer(self) -> Broken:
        """They must have one."""
        yield from _empty("spike_out", self.spike_out)


def _empty(name: str, buffer: Buffer) -> Broken:
    if buffer.size_bytes == 0:
        yield f"{name}.size_bytes", "0 must be > 0"
