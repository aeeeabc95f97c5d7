"""The result of a run: the resolved inputs, one balanced record per layer, and their totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifsim.accounting.books import Accesses, BooksError, Cycles, Operations, SramAccesses
from lifsim.accounting.counts import occupying
from lifsim.accounting.energy import EnergyPj, LifUpdatePj
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import Area
from lifsim.accounting.records import added, as_row, as_tree
from lifsim.accounting.stages import StageRecord
from lifsim.accounting.widths import Assumed, assumed
from lifsim.brief import Brief, Briefly
from lifsim.config.given_rates import in_short
from lifsim.hardware.array import pe_utilisation, shape_of, sparsity_of
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.bound import (
    BufferUse,
    Remedy,
    advice,
    bound,
    bound_by,
    buffer_use,
    lif_remedies,
    port_use,
    remedies,
    waits_words,
)
from lifsim.play.dram import DramActivity
from lifsim.play.record import LayerRecord
from lifsim.play.timing import Timeline
from lifsim.play.words import dram_words, help_words, image_words, save_words
from lifsim.schedule.lif_memory import LifMemory
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.plan import Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.words import schedule_words
from lifsim.simulate.exits import EarlyExits
from lifsim.simulate.options import Options
from lifsim.simulate.spikes import SpikeProvenance
from lifsim.training.stages import Stage
from lifsim.units import format_bytes, format_si

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Totals:
    """A run as a whole. pe_utilisation: share of the running array's PE-cycles that hold a MAC. sram_technology_nm: the
    node of the SRAM's prices, which alone follow it. dram: what a simulated one did, else None."""

    cycles: Cycles
    time_s: float
    pe_utilisation: float
    ops: Operations
    dram_bytes: DramBytes
    sram_accesses: SramAccesses
    membrane_registers: Accesses
    energy_pj: EnergyPj
    area: Area
    lif_units: int
    lif_memory_bytes: LifMemory
    sram_technology_nm: int
    dram: DramActivity | None = None

    @classmethod
    def of(
        cls,
        records: Sequence[LayerRecord],
        arch: Arch,
        area: Area,
        lif_units: int,
        lif_memory: LifMemory,
        dram: DramActivity | None = None,
    ) -> Totals:
        """The sum over `records`, with the figures of the machine and the network."""
        counts = [record.counts for record in records]
        cycles, ops = added([c.cycles for c in counts]), added([c.ops for c in counts])
        shape, macs = shape_of(arch.array), occupying(counts, skips=sparsity_of(arch.array).skips)
        return cls(
            cycles=cycles,
            time_s=cycles.total / arch.clock_hz,
            pe_utilisation=pe_utilisation(macs, shape, cycles.array + cycles.fill_drain),
            ops=ops,
            dram_bytes=added([c.dram_bytes for c in counts]),
            sram_accesses=added([c.sram_accesses for c in counts]),
            membrane_registers=added([c.registers for c in counts]),
            energy_pj=added([record.energy_pj for record in records]),
            area=area,
            lif_units=lif_units,
            lif_memory_bytes=lif_memory,
            sram_technology_nm=arch.technology_nm,
            dram=dram,
        )

    @property
    def area_mm2(self) -> float:
        """Area of the machine without DRAM, mm2."""
        return self.area.total

    @property
    def pe_utilisation_overall(self) -> float:
        """Share of all PE-cycles that hold a MAC, including cycles in which the array waits or only LIF units work."""
        running = self.cycles.array + self.cycles.fill_drain
        return self.pe_utilisation * running / self.cycles.total if self.cycles.total else 0.0

    @property
    def lif_update_pj(self) -> LifUpdatePj:
        """Energy of an update of a membrane."""
        return LifUpdatePj.of(self.energy_pj, self.ops.lif_updates)

    @property
    def _told(self) -> dict[str, Any]:
        """The totals that files hold, by name."""
        return {
            "cycles": self.cycles,
            "bound": bound(self.cycles),
            **{name: getattr(self, name) for name in ("time_s", "pe_utilisation", "pe_utilisation_overall")},
            "ops": self.ops,
            "dram_bytes": self.dram_bytes,
            **({"dram": self.dram.tree()} if self.dram else {}),
            "sram_accesses": self.sram_accesses,
            "register_accesses": {"membrane": self.membrane_registers},
            "energy_pj": self.energy_pj,
            "lif_update_pj": self.lif_update_pj,
            "area_mm2": self.area_mm2,
            "area_parts_mm2": self.area,
            **{name: getattr(self, name) for name in ("lif_units", "lif_memory_bytes", "sram_technology_nm")},
        }

    def tree(self) -> dict[str, Any]:
        """The totals as summary.json holds them."""
        return dict(as_tree(self._told))

    @property
    def figures(self) -> dict[str, Any]:
        """`tree` in one level: `cycles.total`, `energy_pj.dram`, `area_mm2`."""
        return as_row(self._told)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """`figures` as a table of one row, so that those of several runs can be concatenated."""
        import pandas as pd

        return pd.DataFrame([self.figures])


@dataclass(frozen=True, repr=False)
class Result(Briefly):
    """A finished run. `notes` says what a reader of the figures must know; `timeline` is None under an ideal memory.
    `plan` is None under an accounting without schedules. `exits`: when images are done, None: after all timesteps."""

    arch: Arch
    network: Network
    sharing: Sharing
    options: Options
    spikes: SpikeProvenance
    records: tuple[LayerRecord, ...]
    totals: Totals
    notes: tuple[str, ...] = field(default=())
    timeline: Timeline | None = field(default=None, repr=False, compare=False)
    plan: Plan | None = field(default=None, repr=False, compare=False)
    exits: EarlyExits | None = None

    def __post_init__(self) -> None:
        for name in ("cycles", "ops", "dram_bytes", "sram_accesses"):
            if added([getattr(r.counts, name) for r in self.records]) != getattr(self.totals, name):
                raise BooksError(f"{name}: the total is not the sum over the layers")
        did = self.totals.dram
        if did and not did.balances(self.totals.energy_pj.dram.background):
            raise BooksError("dram: the energy of standing by and of sleeping is not that of its states")
        if did and did.work != added([record.counts.dram for record in self.records]):
            raise BooksError("dram: what it did is not the sum over the layers")

    @property
    def name(self) -> str:
        """`workload-arch-sharing`, with the schedule (`groups`: given ones) and the mode unless they are the usual."""
        schedule = "-groups" if self.options.groups is not None else f"-{self.options.schedule}"
        mode = "" if self.options.mode == "inference" else f"-{self.options.mode}-{self.options.bptt}"
        rates = "" if self.options.rates_scale == 1 else f"-rates{self.options.rates_scale:g}"
        given = "" if self.options.rate is None else f"-{in_short(self.options.rate)}"
        usual = schedule.removesuffix("-tick")
        return f"{self.network.name}-{self.arch.name}-{self.sharing}{usual}{mode}{given}{rates}"

    @property
    def brief(self) -> Brief:
        """The main figures, with units."""
        totals, options, network, array = self.totals, self.options, self.network, self.arch.array
        cycles, memory, batch = totals.cycles.total, totals.lif_memory_bytes, options.batch or 1
        busy = f"{totals.pe_utilisation:.1%} busy while it runs, {totals.pe_utilisation_overall:.1%} overall"
        back = f", {format_bytes(memory.backward)} backward, {options.bptt}"
        mode, backward = (", training", back) if options.mode == "training" else ("", "")
        waits = waits_words(totals.cycles, ideal=not self.advice)
        energy, dram, asked = totals.energy_pj.total, totals.dram_bytes, f"batch {batch}{mode}, sharing {self.sharing}"
        title = f"{network.name}, T={network.timesteps}, {asked}, on {self.arch.name}"
        figures = {
            "schedule": self.schedule_words,
            "cycles": f"{cycles:,}, {format_si(totals.time_s, 's')}",
            "PEs": f"{array.rows} x {array.cols}, {array.dataflow}, {array.sparsity}: {busy}",
            "energy": str(energy),
            "DRAM": dram_words(dram),
            "an image": image_words(batch, cycles, totals.time_s, energy.total, dram.total) if batch > 1 else "",
            "LIF memory": f"{format_bytes(memory.forward)} forward{backward}; area {totals.area_mm2:.4g} mm2",
            "early exit": self.exits.brief(self.plan.exits) if self.exits and self.plan and self.plan.exits else "",
            "bound by": f"{bound_by(totals.cycles)}; {waits}",
            "would help": help_words(self.remedies),
            "would save": save_words(self.records, self.arch, totals.energy_pj, totals.dram, self.buffers),
        }
        return Brief(title, {name: text for name, text in figures.items() if text})

    @property
    def schedule_words(self) -> str:
        """The schedule that was asked for, and what it resulted in."""
        return schedule_words(self.options.schedule if self.options.groups is None else "groups as given", self.plan)

    @cached_property
    def assumed(self) -> Assumed:
        """The assumptions behind the figures."""
        return assumed(self.arch, self.network, self.sharing)

    @property
    def stages(self) -> dict[str, StageRecord]:
        """The stages of training; empty in inference."""
        names = [stage.value for stage in Stage if any(stage.value in record.stages for record in self.records)]
        return {name: added([r.stages[name] for r in self.records if name in r.stages]) for name in names}

    @cached_property
    def buffers(self) -> dict[str, BufferUse]:
        """How busy and how full each buffer is; empty in training, and where memory is ideal and ports take no time."""
        if self.timeline is None or self.plan is None or self.stages:
            return {}
        peak = peak_bytes(self.plan, self.options.batch or 1)
        return buffer_use([record.counts for record in self.records], Stores.of(self.arch.buffers), peak)

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What would shorten a run that waits for LIF units, or for a memory that is not ideal."""
        peak, counts = Machine.of(self.arch).dram_bytes_per_cycle, [record.counts for record in self.records]
        cycles, units = self.totals.cycles, self.totals.lif_units
        waits = () if peak is None else remedies(counts, cycles, self.arch, peak)
        return (*waits, *lif_remedies(cycles, units, self.arch.array.pes, overlapped=self.arch.lif.overlapped))

    @property
    def advice(self) -> str:
        """What the run waits for, and what would relieve it; empty under an ideal memory."""
        peak, counts = Machine.of(self.arch).dram_bytes_per_cycle, [record.counts for record in self.records]
        return "" if peak is None else advice(counts, self.totals.cycles, self.arch, peak)

    @property
    def layer_rows(self) -> list[dict[str, Any]]:
        """One row per layer, with dotted column names as in summary.json."""
        clock_hz, stages = self.arch.clock_hz, list(self.stages)
        sleeps = self.totals.dram is not None and self.arch.dram.simulated.controller.sleeps
        return [record.row(clock_hz, stages, sleeps=sleeps) | self._port_columns(record) for record in self.records]

    def _port_columns(self, record: LayerRecord) -> dict[str, Any]:
        return as_row(port_use([record.counts], Stores.of(self.arch.buffers)), "buffers") if self.buffers else {}

    @property
    def timestep_rows(self) -> list[dict[str, Any]]:
        """One row per layer and timestep."""
        return [{"layer": r.counts.name, **as_row(step)} for r in self.records for step in r.counts.timesteps]

    @cached_property
    def layers(self) -> pd.DataFrame:
        """`layer_rows` as a table."""
        import pandas as pd

        return pd.DataFrame(self.layer_rows)

    @cached_property
    def timesteps(self) -> pd.DataFrame:
        """`timestep_rows` as a table."""
        import pandas as pd

        return pd.DataFrame(self.timestep_rows)
