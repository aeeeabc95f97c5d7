"""A DRAM that never sleeps during a run: its standing energy, and what sleep could save."""

from __future__ import annotations

from lifsim.accounting.energy import EnergyPj
from lifsim.hardware.dram.energy import asleep_pj
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec
from lifsim.model.dram_part import Dram
from lifsim.play.bound import WORTH_SAYING
from lifsim.play.dram import DramActivity
from lifsim.units import format_si

POWER_DOWN_CYCLES = 64
"""The proposed settings: the idle cycles after which the shipped sleeping device powers down, and the multiple of tREFI
until self-refresh."""
SELF_REFRESH_INTERVALS = 4


@dataclass(frozen=True)
class Sleepless:
    """standing: energy of refresh and standby, pJ, and its `share` of the run's energy. saved: upper bound of the share
    that sleep saves, with all ranks asleep in all cycles; None if the device does not state its currents asleep."""

    spec: DramSpec
    standing_pj: float
    share: float
    saved: float | None

    @property
    def brief(self) -> str:
        """The remedy, in less than a line."""
        if self.saved is None:
            return f"a DRAM that can sleep: {self.share:.1%} of the energy stands in this one"
        return f"let the DRAM sleep: up to {self.saved:.1%} of the energy, {self.share:.1%} stands there"

    @property
    def note(self) -> str:
        """The standing energy, and the settings that reduce it."""
        stands = f"the DRAM is awake all run: {format_si(self.standing_pj * 1e-12, 'J')} stand there"
        stands = f"{stands}, {self.share:.1%} of the energy"
        if self.saved is None:
            return f"{stands}; its file does not say what it draws asleep (IDD2P and IDD3P, or IDD6)"
        refresh = SELF_REFRESH_INTERVALS * self.spec.timing.tREFI
        settings = {"power_down_after_cycles": POWER_DOWN_CYCLES, "self_refresh_after_cycles": refresh}
        good = {key: after for key, after in settings.items() if not any(self.spec.sleep_faults(key, after))}
        way_out = " ".join(f"--set dram.{key}={after}" for key, after in good.items())
        return f"{stands}; {way_out} lets idle ranks sleep, which saves at most {self.saved:.1%} of it"


def sleepless(dram: Dram, did: DramActivity | None, energy: EnergyPj) -> Sleepless | None:
    """The finding for a DRAM that `did` this; None if it sleeps, if standby is not charged, or if sleep would save
    nothing."""
    if did is None or not dram.charges_device or dram.simulated.controller.sleeps or not energy.dram.standing:
        return None
    spec, standing, spent = dram.simulated, energy.dram.standing, energy.total.total
    asleep = asleep_pj(spec, did.work)
    share, saved = standing / spent, None if asleep is None else (standing - asleep) / spent
    if (share if saved is None else saved) < WORTH_SAYING:
        return None
    return Sleepless(spec, standing, share, saved)
