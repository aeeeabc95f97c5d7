"""Energy of a DRAM from the commands it got and the cycles it stood by.

Modelled on DRAMsim3's configuration.cc, in true pJ: with currents in mA, V x mA x cycles x tCK in ns gives pJ.
"""

from __future__ import annotations

from dataclasses import fields, replace

from lifsim.hardware.dram.counts import DramWork
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec
from lifsim.model.dram_energy import PerBitEnergy, Supply


@dataclass(frozen=True)
class DramEnergy:
    """pJ by cause. `background` is of ranks that stand by or sleep (`background_pj` has its parts); `transfer` of a
    per-bit price, which knows no causes."""

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


@dataclass(frozen=True)
class Background:
    """pJ of ranks to which nothing is sent, by the state in which they are."""

    active_standby: float = 0.0
    precharge_standby: float = 0.0
    active_power_down: float = 0.0
    precharge_power_down: float = 0.0
    self_refresh: float = 0.0


def energy_pj(spec: DramSpec, work: DramWork) -> DramEnergy:
    """Energy of `work` at the price of `spec`.

    activate = VDD (IDD0 tRC - IDD3N tRAS - IDD2N tRP)      read = VDD (IDD4R - IDD3N) burst
    refresh  = VDD (IDD5AB - IDD3N) tRFC                    write = VDD (IDD4W - IDD3N) burst
    background: see `background_pj`                         all x tCK x devices of a rank, summed over the supplies
    """
    price = spec.energy
    if isinstance(price, PerBitEnergy):
        bits = (work.reads + work.writes) * spec.organisation.burst_bytes * 8
        return DramEnergy(transfer=bits * price.pj_per_bit)
    parts = [_energy_pj(spec, supply, work) for supply in price.supplies]
    return DramEnergy(*(sum(getattr(part, f.name) for part in parts) for f in fields(DramEnergy)))


def background_pj(spec: DramSpec, work: DramWork) -> Background:
    """Energy of ranks to which nothing is sent, a cycle and rank VDD x IDD3N with a row open and IDD2N without, IDD3P
    and IDD2P in power-down, IDD6 in self-refresh; x tCK x devices of a rank, summed over the supplies. A price a bit
    knows none."""
    if isinstance(spec.energy, PerBitEnergy):
        return Background()
    parts = [_background_pj(spec, supply, work) for supply in spec.energy.supplies]
    return Background(*(sum(getattr(part, f.name) for part in parts) for f in fields(Background)))


def asleep_pj(spec: DramSpec, work: DramWork) -> float | None:
    """The least standing energy of ranks that were asleep throughout the cycles of `work`: in power-down, refreshed as
    often, or in self-refresh, which needs none. None where the device does not say what it draws asleep."""
    cycles = work.active_rank_cycles + work.idle_rank_cycles
    standing = replace(work, activates=0, reads=0, writes=0, row_hits=0, active_rank_cycles=0, idle_rank_cycles=cycles)
    ways = {
        "power_down_after_cycles": replace(standing, precharge_power_down_rank_cycles=cycles),
        "self_refresh_after_cycles": replace(standing, self_refresh_rank_cycles=cycles, refreshes=0),
    }
    known = [way for key, way in ways.items() if not any(spec.sleep_faults(key, 1))]
    return min((energy_pj(spec, way).total for way in known), default=None)


def _energy_pj(spec: DramSpec, supply: Supply, work: DramWork) -> DramEnergy:
    organisation, timing = spec.organisation, spec.timing
    per_cycle = _pj_per_milliamp(spec, supply)
    row_charge = supply.IDD0 * timing.tRC - supply.IDD3N * timing.tRAS - supply.IDD2N * timing.tRP
    standby = work.active_standby_rank_cycles * supply.IDD3N + work.precharge_standby_rank_cycles * supply.IDD2N
    return DramEnergy(
        activate=work.activates * per_cycle * row_charge,
        read=work.reads * per_cycle * (supply.IDD4R - supply.IDD3N) * organisation.burst_cycles,
        write=work.writes * per_cycle * (supply.IDD4W - supply.IDD3N) * organisation.burst_cycles,
        refresh=work.refreshes * per_cycle * (supply.IDD5AB - supply.IDD3N) * timing.tRFC,
        background=per_cycle * (standby + sum(_asleep_milliamp_cycles(supply, work))),
    )


def _background_pj(spec: DramSpec, supply: Supply, work: DramWork) -> Background:
    per_cycle = _pj_per_milliamp(spec, supply)
    return Background(
        per_cycle * work.active_standby_rank_cycles * supply.IDD3N,
        per_cycle * work.precharge_standby_rank_cycles * supply.IDD2N,
        *(per_cycle * charge for charge in _asleep_milliamp_cycles(supply, work)),
    )


def _pj_per_milliamp(spec: DramSpec, supply: Supply) -> float:
    """Of one cycle of a rank."""
    return supply.VDD * spec.timing.tCK_ns * spec.organisation.devices_per_rank


def _asleep_milliamp_cycles(supply: Supply, work: DramWork) -> tuple[float, float, float]:
    """In active and precharge power-down and in self-refresh. A current that nobody says is of a state in which no rank
    ever is."""
    return (
        work.active_power_down_rank_cycles * (supply.IDD3P or 0.0),
        work.precharge_power_down_rank_cycles * (supply.IDD2P or 0.0),
        work.self_refresh_rank_cycles * (supply.IDD6 or 0.0),
    )
