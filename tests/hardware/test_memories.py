"""Are memories members like others: listed, refused by name, and one more no more than a class more?"""

from __future__ import annotations

from fractions import Fraction

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.dram.energy import DramEnergy
from lifsim.hardware.memory import MEMORIES, ByDevice, Memory, PerBit, Place
from lifsim.hardware.pipeline.program import Program
from lifsim.hardware.pipeline.timing import Bandwidth, Timing, play_bandwidth
from lifsim.model.dram_part import Dram
from lifsim.simulate.result import Result
from lifsim.watch import Watch

PRICED = {"energy_pj_per_bit": 2.0, "source": "t"}
GIGABYTE = 10**9


def test_memories_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "memories"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["bandwidth", "cycle", "ideal"] == list(MEMORIES)


def test_an_unknown_memory_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="'ideel' must be one of bandwidth, cycle, ideal; did you mean 'ideal'"):
        load_arch("sata128", ["dram.model=ideel"])


def test_each_says_what_it_misses() -> None:
    for model, missing in (("bandwidth", "bandwidth_bytes_per_s"), ("cycle", "device")):
        dram = Dram.model_construct(model=model)
        assert [key for key, _ in MEMORIES[model].refusals(dram)] == [missing]
    assert list(MEMORIES["ideal"].refusals(Dram.model_construct())) == []


def test_peaks_are_bytes_a_cycle_of_the_array() -> None:
    assert MEMORIES["ideal"].peak_bytes_per_cycle(Dram(**PRICED), 400_000_000) is None
    plain = Dram(model="bandwidth", bandwidth_bytes_per_s=GIGABYTE, **PRICED)
    assert MEMORIES["bandwidth"].peak_bytes_per_cycle(plain, 400_000_000) == Fraction(5, 2)
    # 64 bits twice in a cycle of 0.83 ns; 2.5 ns are a cycle of the array
    device = load_arch("sata128", ["dram.device=ddr4_2400"]).dram
    assert MEMORIES["cycle"].peak_bytes_per_cycle(device, 400_000_000) == 16 / Fraction(83, 100) * Fraction(5, 2)


def test_bytes_are_charged_by_the_bit_and_devices_by_what_they_did() -> None:
    device = load_arch("sata128", ["dram.device=ddr4_2400"]).dram
    by_bit = MEMORIES["cycle"].charge(device.model_copy(update={"energy": "per_bit", "energy_pj_per_bit": 2.0}))
    assert by_bit == PerBit(2.0) == MEMORIES["ideal"].charge(Dram(**PRICED))
    assert by_bit.energy_pj(3, None) == DramEnergy(transfer=48.0)
    assert by_bit.estimated(1, 2, 3, 4) is None
    charge = MEMORIES["cycle"].charge(device)
    assert charge == ByDevice(load_dram("ddr4_2400"))
    assert charge.energy_pj(1 << 40, DramWork(0, 0, 0, 0, 0, 0, 0)) == DramEnergy()
    with pytest.raises(ValueError, match="must be simulated"):
        charge.energy_pj(3, None)
    work = charge.estimated(640, 64, 0, 400_000_000)
    assert work is not None
    assert (work.reads, work.writes) == (10, 1)


def test_borrowed_currents_are_charged_as_the_devices_own_asleep_as_the_architecture_says() -> None:
    lent = ("dram.device=lpddr4_2400", "dram.energy=borrowed_currents", "dram.power_down_after_cycles=9")
    charge = MEMORIES["cycle"].charge(load_arch("sata128", lent).dram)
    assert isinstance(charge, ByDevice)
    assert charge.spec.controller.power_down_after_cycles == 9
    work = charge.estimated(640, 64, 0, 400_000_000)
    assert work is not None
    assert work.precharge_power_downs > 0


class Gigabyte(Memory):
    """A gigabyte a second, whatever the architecture says."""

    name = "gigabyte"
    title = "1 GB/s"
    asked = 0

    def peak_bytes_per_cycle(self, dram: Dram, array_hz: int) -> Fraction:
        return Fraction(GIGABYTE, array_hz)

    def play(self, dram: Dram, program: Program, array_hz: int, place: Place, watch: Watch) -> Timing:
        Gigabyte.asked += 1
        return play_bandwidth(program, array_hz, Bandwidth(GIGABYTE, 0.0), watch)


class Endless(Gigabyte):
    """The same, but nobody knows its peak."""

    name = "endless"

    def peak_bytes_per_cycle(self, dram: Dram, array_hz: int) -> None:
        return None


@pytest.mark.parametrize("member", [Gigabyte, Endless])
@pytest.mark.parametrize("how", [{"schedule": "auto", "objective": "cycles"}, {"mode": "training", "batch": 1}])
def test_a_memory_of_one_class_is_waited_for_and_priced(
    member: type[Memory], how: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MEMORIES, "_members", dict(MEMORIES))
    monkeypatch.setattr(MEMORIES, "_origins", {name: MEMORIES.origin(name) for name in MEMORIES})
    MEMORIES.register(member)

    def ran(*overrides: str) -> Result:
        narrow = ("buffers.weight.port_bits=32", "dram.energy_pj_per_bit=2.0", "dram.source=t", "dram.energy=per_bit")
        return lifsim.run("sata_training", "lenet5_mnist", overrides=(*narrow, *overrides), **how)  # type: ignore[arg-type]

    known = ran("dram.model=bandwidth", f"dram.bandwidth_bytes_per_s={GIGABYTE}")
    before = Gigabyte.asked
    mine = ran(f"dram.model={member.name}")
    played = Gigabyte.asked - before  # by cycles, groups are played by themselves and plans as a whole
    assert played == 1 if "mode" in how else played > 1
    if member is Gigabyte:
        assert mine.totals == known.totals
        assert mine.advice == known.advice != ""
    elif "mode" in how:
        assert mine.totals.cycles == known.totals.cycles
        assert mine.totals.energy_pj == known.totals.energy_pj
        assert mine.advice == ""
    assert main(["list", "memories"]) == 0
    assert member.title in capsys.readouterr().out
