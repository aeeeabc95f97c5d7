"""Are rates scaled as asked, and is what half and twice of them change told, and truly?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.errors import InputError
from lifsim.hardware.array import sparsity_of
from lifsim.hardware.memory.cycle import CycleByCycle
from lifsim.hardware.pipeline.timing import Timing
from lifsim.memo import Shared
from lifsim.model.sharing import Sharing
from lifsim.simulate import spikes
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import run
from lifsim.sweeps.beside import Seen, run_beside_baseline
from lifsim.sweeps.rates_range import SCALES, rates_range
from lifsim.trace import draws
from lifsim.watch import unwatched
from tests.workload.texts import TWO_LAYERS

MEMORY = ("dram.model=ideal", "dram.energy=per_bit")
RATES = "{source: rates, measured: MEASURED, provenance: nobody, rates: {conv1: 0.2, conv2: 0.8}}"
TEXT = f"{TWO_LAYERS}spikes: {RATES}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("assumed.yaml").write_text(TEXT.replace("MEASURED", "false"))
    return "assumed.yaml"


@pytest.mark.parametrize(
    ("scale", "shares"), [(0.5, (0.1, 0.4)), (1.0, (0.2, 0.8)), (2.0, (0.4, 1.0)), (10, (1.0, 1.0))]
)
def test_rates_are_scaled_up_to_one(file: str, scale: float, shares: tuple[float, float]) -> None:
    """Effective MACs of a 1 x 1 convolution: every one is read by all filters."""
    result = lifsim.run("sata128", file, rates_scale=scale, overrides=MEMORY)
    for record, share, channels in zip(result.records, shares, (2, 8), strict=True):
        bits = 4 * channels * 64
        expected = bits * share
        spread = 5 * (bits * share * (1 - share)) ** 0.5
        assert abs(record.counts.ops.macs_effective / 8 - expected) <= spread
    assert ("times" in " ".join(result.notes)) == (scale != 1)


def test_half_and_twice_are_the_runs_at_those_rates(file: str) -> None:
    inputs = load_inputs("sata128_skip", file, "none", {}, MEMORY)
    result = run(inputs.arch, inputs.network, inputs.sharing, inputs.options)
    found = rates_range(inputs, result)
    assert found is not None
    for name, scale in (("half", 0.5), ("twice", 2.0)):
        other = lifsim.run("sata128_skip", file, rates_scale=scale, overrides=MEMORY)
        assert found.others[name].totals == other.totals
        for figure in ("cycles.total", "energy_pj.total", "ops.macs_effective"):
            assert found.change(name, figure) == other.totals.figures[figure] / result.totals.figures[figure] - 1
    assert found.change("half", "cycles.total") < 0 < found.change("twice", "cycles.total")
    assert found.saturated == ("conv2",)


@pytest.mark.parametrize(("limit", "passes"), [(draws.WAITING_BYTES, 1), (0, 3)])
def test_spikes_at_all_scales_are_drawn_at_once_where_they_are_few(
    file: str, limit: int, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the same spikes: a large batch draws them again for each."""
    inputs = load_inputs("sata128_skip", file, "none", {"rates_scale": 0.9}, MEMORY)
    calls, drawn = [], spikes.drawn_spikes
    monkeypatch.setattr(spikes, "WAITING_BYTES", limit)
    for module in ("lifsim.sweeps.beside", "lifsim.simulate.spikes"):
        monkeypatch.setattr(f"{module}.drawn_spikes", lambda *given: (calls.append(given[2]), drawn(*given))[1])
    seen = Seen(inputs, unwatched, Shared(), tuple(SCALES.values()))
    found = {1.0: seen.under(Sharing())[0]} | {scale: seen.at_scale(scale) for scale in SCALES.values()}
    assert [seen.at_scale(scale) for scale in SCALES.values()] == list(found.values())[1:]
    assert len(calls) == passes
    for scale, one in found.items():
        other = load_inputs("sata128_skip", file, "none", {"rates_scale": 0.9 * scale}, MEMORY)
        alone = spikes.read_spikes(other.network, other.sharing, other.options, sparsity_of(other.arch.array))
        assert one.provenance == alone.provenance
        for ours, theirs in zip(one.kept, alone.kept, strict=True):
            assert (ours.ones == theirs.ones).all()


@pytest.mark.parametrize(("arch", "times"), [("sata128", 1), ("sata128_skip", 3)])
def test_other_rates_are_played_only_where_zeros_save_time(
    file: str, arch: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays, play = [], CycleByCycle.play

    def noted(self: CycleByCycle, *args: Any) -> Timing:
        plays.append(self.name)
        return play(self, *args)

    monkeypatch.setattr(CycleByCycle, "play", noted)
    wide = ["array.rows=4", "array.cols=4", "buffers.spike_in.port_bits=512"]  # the array, not its ports, takes time
    inputs, parts = load_inputs(arch, file, "none", {}, wide), Shared()
    found = rates_range(inputs, run_beside_baseline(inputs, parts=parts)[0], parts=parts)
    assert found is not None
    assert len(plays) == times
    for name, scale in (("half", 0.5), ("twice", 2.0)):
        assert found.others[name].totals == lifsim.run(arch, file, rates_scale=scale, overrides=wide).totals


def test_a_run_tells_them_unasked_where_rates_are_assumed(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = [text for each in MEMORY for text in ("--set", each)]
    assert main(["run", "--workload", file, *settings, "--out", "first"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "assumed spikes are random at assumed, not measured rates" in out
    assert "rates x 0.5, x 2, at most 1: cycles =, =; energy -" in out
    assert main(["run", "--workload", file, *settings, "--full", "--out", "one"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "rates are assumed; at half: cycles =, energy -" in out
    assert "at twice: cycles =, energy +" in out
    assert "conv2 cannot double" in out
    kept = json.loads(Path("one/summary.json").read_text())["rates_range"]
    assert kept["saturated"] == ["conv2"]
    assert kept["half"]["ops.macs_effective"] < 0 < kept["twice"]["ops.macs_effective"]
    Path("known.yaml").write_text(TEXT.replace("MEASURED", "true"))
    assert main(["run", "--workload", "known.yaml", *settings, "--out", "two"]) == 0
    assert "rates are assumed" not in capsys.readouterr().out
    assert "rates_range" not in json.loads(Path("two/summary.json").read_text())


def test_a_sweep_varies_them(file: str) -> None:
    swept = lifsim.sweep("sata128", file, vary={"rates_scale": [0.5, 1, 2]}, overrides=MEMORY, jobs=1).frame
    assert swept["error"].isna().all()
    assert swept["ops.macs_effective"].is_monotonic_increasing
    alone = lifsim.run("sata128", file, rates_scale=0.5, overrides=MEMORY)
    assert swept["ops.macs_effective"].iloc[0] == alone.totals.ops.macs_effective


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "x"])
def test_what_is_no_scale_is_refused(file: str, scale: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", file, "--rates-scale", scale]) == 2
    assert "rates" in capsys.readouterr().err


def test_recorded_spikes_are_not_scaled(file: str) -> None:
    assert main(["trace", "make", "--workload", file, "--out", "spikes.npz"]) == 0
    with pytest.raises(InputError, match="rates_scale"):
        lifsim.run("sata128", file, trace="spikes.npz", rates_scale=0.5)
    with pytest.raises(InputError, match="rates_scale"):
        lifsim.run("sata128", file, spikes="engine", rates_scale=0.5)
    traced = TEXT.replace("source: rates", "source: trace, trace: spikes.npz").replace("MEASURED", "false")
    with pytest.raises(InputError, match="rates_scale"):
        lifsim.run("sata128", network_of(parse_document(traced, "traced.yaml")), rates_scale=0.5)


def test_dense_weights_beside_the_spikes_of_a_pruned_network_are_noted() -> None:
    pruned = lifsim.run("sata128", "vgg16_cifar10", overrides=MEMORY)
    assert any("pruned network" in note and "dense" in note for note in pruned.notes)
    for other in ("vgg9_cifar10", "vgg16_cifar100"):
        assert not lifsim.load_workload(other).spikes.pruned


def test_twice_and_half_of_nothing_are_told_as_nothing(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = [text for each in MEMORY for text in ("--set", each)]
    for rate, told in (("0", True), ("0.4", False)):
        assert main(["run", "--workload", file, *settings, "--rate", rate, "--out", "zero", "--force"]) == 0
        out = capsys.readouterr().out
        assert ("all rates are 0: half and twice of them, too" in out) == told
        assert ("rates x 0.5, x 2: cycles" in out) != told
    assert main(["run", "--workload", file, *settings, "--rate", "0", "--full", "--out", "zero", "--force"]) == 0
    assert "rates are assumed; all of them are 0: half and twice of them, too" in capsys.readouterr().out
