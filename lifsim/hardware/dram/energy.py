"""Energy of a DRAM from the commands it got and the cycles it stood by.

Modelled on DRAMsim3's configuration.cc, in true pJ: with currents in mA, V x mA x cycles x tCK in ns gives pJ.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.hardware.dram.counts import DramWork
from lifsim.model.dram import DramSpec, PerBitEnergy


@dataclass(frozen=True)
class DramEnergy:
    """pJ by cause. `background` is of ranks with an open row (IDD3N) and without (IDD2N); `transfer` of a per-bit
    price, which knows no causes."""

    activate: float = 0.0
    read: float = 0.0
    write: float = 0.0
    refresh: float = 0.0
    background: float = 0.0
    transfer: float = 0.0

    @property
    def total(self) -> float:
        """The sum of all causes."""
        return self.activate + self.read + self.write + self.refresh + self.background + self.transfer


def energy_pj(spec: DramSpec, work: DramWork) -> DramEnergy:
    """Energy of `work` at the price of `spec`.

    activate = VDD (IDD0 tRC - IDD3N tRAS - IDD2N tRP)      read = VDD (IDD4R - IDD3N) burst
    refresh  = VDD (IDD5AB - IDD3N) tRFC                    write = VDD (IDD4W - IDD3N) burst
    standby  = VDD IDD3N or VDD IDD2N a cycle and rank      all x tCK x devices of a rank
    """
    organisation, timing, price = spec.organisation, spec.timing, spec.energy
    if isinstance(price, PerBitEnergy):
        bits = (work.reads + work.writes) * organisation.burst_bytes * 8
        return DramEnergy(transfer=bits * price.pj_per_bit)
    per_cycle = price.VDD * timing.tCK_ns * organisation.devices_per_rank
    row_charge = price.IDD0 * timing.tRC - price.IDD3N * timing.tRAS - price.IDD2N * timing.tRP
    return DramEnergy(
        activate=work.activates * per_cycle * row_charge,
        read=work.reads * per_cycle * (price.IDD4R - price.IDD3N) * organisation.burst_cycles,
        write=work.writes * per_cycle * (price.IDD4W - price.IDD3N) * organisation.burst_cycles,
        refresh=work.refreshes * per_cycle * (price.IDD5AB - price.IDD3N) * timing.tRFC,
        background=per_cycle * (work.active_rank_cycles * price.IDD3N + work.idle_rank_cycles * price.IDD2N),
    )
