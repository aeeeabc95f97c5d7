"""Is it said where a price is stretched beyond its source, of which node it is, and which sums may not fit?"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.accounting.basis import price_bases, stretched
from lifsim.accounting.widths import Assumed, assumed, widths_of
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.hardware import tables
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.stored import read_summaries

OWN_COSTS = "{size_bytes: 512, read_pj: 1.0, write_pj: 1.0, leakage_mw: 1.0, area_mm2: 1.0, source: a test}"


def lines(*settings: str, arch: str = "sata128") -> list[str]:
    return list(stretched(load_arch(arch, settings)))


def test_a_shipped_accelerator_is_priced_within_its_sources_but_for_a_faster_clock() -> None:
    assert lines() == lines(arch="eyeriss_like") == lines(arch="sata_training") == []
    (clock,) = lines(arch="tpu_like_small")
    assert clock.startswith("clock_hz: 700 MHz are above the 400 MHz at which the logic was synthesised")


@pytest.mark.parametrize(("size", "said"), [("512", True), ("1KiB", False), ("4MiB", False), ("8MiB", True)])
def test_a_buffer_beyond_the_table_is_named(size: str, said: bool) -> None:
    found = lines(f"buffers.membrane.size_bytes={size}")
    assert [line.partition(":")[0] for line in found] == ["buffers.membrane"] * said
    assert all("outside the SRAM table, 1 KiB to 4 MiB" in line for line in found)


@pytest.mark.parametrize(
    ("size", "factor", "far"),
    [("512", "2", False), ("64MiB", "16", False), ("128MiB", "32", True), ("1PiB", "268,435,456", True)],
)
def test_how_far_beyond_the_table_is_told(size: str, factor: str, far: bool) -> None:
    (line,) = lines(f"buffers.membrane.size_bytes={size}")
    assert f"by a factor of {factor}: its prices are extrapolated" in line
    assert ("far outside" in line) == far


@pytest.mark.parametrize(
    ("units", "idle"), [(64, None), (128, None), (129, "1 of them"), (1 << 20, "1,048,448 of them")]
)
def test_lif_units_that_no_pe_gives_work_are_told(units: int, idle: str | None) -> None:
    found = lines(f"lif.units={units}")
    assert len(found) == (idle is not None)
    assert all(f"more than the 128 PEs whose outputs they take: {idle} have no work" in line for line in found)


def test_the_table_ends_where_that_says() -> None:
    sizes = {int(row["size_bytes"]) for row in tables.rows("cacti7_sram.csv")}
    assert (min(sizes), max(sizes)) == (1024, 4 << 20)


def test_a_buffer_with_costs_of_its_own_or_none_is_not_extrapolated() -> None:
    assert lines(f"buffers.psum={OWN_COSTS}") == lines("buffers.psum.size_bytes=0") == []
    bases = price_bases(load_arch("sata128", [f"buffers.psum={OWN_COSTS}"]))
    assert bases["SRAM psum"].source == "a test"
    assert bases["SRAM psum"].technology_nm is None


def test_an_adder_that_is_narrower_than_the_sums_is_named() -> None:
    (line,) = lines("components.adder.width_bits=8")
    assert line.startswith("components.adder: 8 bits are fewer than psum_bits, 16")


def network(neuron: str = "lif") -> Network:
    return lifsim.load_workload("lenet5_mnist", [f"neuron.model={neuron}"])


def fits(value: float, bits: int) -> bool:
    return -(2 ** (bits - 1)) <= value


@pytest.mark.parametrize("sharing", ["none", "channel2", "channel4-where-possible"])
@pytest.mark.parametrize("neuron", ["lif", "if", "cuba_lif"])
def test_as_many_bits_as_the_worst_case_needs_when_it_is_added_up(neuron: str, sharing: str) -> None:
    """Sums one product after the other, the least weight under the largest input; membranes by the neuron's own calls,
    which never fires on them. A bit fewer does not hold them."""
    net, shared = network(neuron), Sharing.parse(sharing)
    precision = load_arch("sata128").precision
    for layer, needed in zip(net.layers, widths_of(net, shared, precision), strict=True):
        largest = 2**net.input_bits - 1 if layer.input.name == "input" else layer.input.levels
        if largest is None:  # a mean over time
            assert needed.psum is needed.membrane is None
            continue
        total = 0
        for _ in range(layer.reduction):
            total += -(2 ** (precision.weight_bits - 1)) * largest
        assert needed.psum is not None
        assert fits(total, needed.psum)
        assert not fits(total, needed.psum - 1)
        if layer.lif is None:
            assert needed.membrane is None
            continue
        groups = shared.channels if layer.lif.output.shape[0] % shared.channels == 0 else 1
        model = layer.lif.neuron
        constants = model.constants(np.float64)
        state = tuple(np.zeros(1) for _ in model.states)
        for _ in range(net.timesteps * groups):
            state = model.charge(np.full(1, float(total)), state, constants)
        assert needed.membrane is not None
        assert fits(float(state[0][0]), needed.membrane)
        assert not fits(float(state[0][0]), needed.membrane - 1)


@pytest.mark.parametrize(("sharing", "calls"), [("none", 4), ("layer", 12), ("layer+channel2", 24)])
def test_a_membrane_is_charged_by_the_largest_sums_of_all_layers_that_share_it(
    sharing: str, calls: int, tmp_path: Path
) -> None:
    """Of neurons that do not leak: T calls of each layer and channel group."""
    body = "".join(
        f"  - {{name: c{index}, op: conv, out: 2, kernel: {kernel}, padding: same}}\n  - {{name: l{index}, op: lif}}\n"
        for index, kernel in enumerate((1, 3, 1))
    )
    workload = tmp_path / "shared.yaml"
    head = "name: shared\ntimesteps: 4\ninput: {shape: [2, 4, 4], encoding: event}\nneuron: {model: if}\n"
    workload.write_text(f"{head}layers:\n{body}")
    shared, precision = Sharing.parse(sharing), load_arch("sata128").precision
    for sums, found in zip((2, 18, 2), widths_of(lifsim.load_workload(workload), shared, precision), strict=True):
        most = calls * (sums if sharing == "none" else 18) * 2 ** (precision.weight_bits - 1)
        assert found.membrane is not None
        assert fits(-float(most), found.membrane)
        assert not fits(-float(most), found.membrane - 1)


def test_where_layers_do_not_share_the_worst_case_is_that_without_sharing() -> None:
    """lenet5's conv1 has 6 channels: four groups of them would call one membrane four times as often."""
    precision = load_arch("sata128").precision
    (alone, *_), (apart, *_) = (
        widths_of(network("if"), Sharing.parse(name), precision) for name in ("none", "channel4-where-possible")
    )
    (shared, *_) = widths_of(network("if"), Sharing.parse("channel2"), precision)
    assert alone == apart
    assert shared.membrane == (alone.membrane or 0) + 1


def test_the_work_grows_with_the_calls_of_a_shared_membrane_and_not_with_their_square(tmp_path: Path) -> None:
    """Lines that run, a measure of work that no other process disturbs: layers of one state need the same width."""
    precision, shared = load_arch("sata128").precision, Sharing.parse("layer")

    def work(layers: int) -> int:
        workload = tmp_path / f"deep{layers}.yaml"
        body = "".join(
            f"  - {{name: c{index}, op: conv, out: 2, kernel: 1}}\n  - {{name: l{index}, op: lif}}\n"
            for index in range(layers)
        )
        workload.write_text(f"name: deep\ntimesteps: 4\ninput: {{shape: [2, 2, 2], encoding: event}}\nlayers:\n{body}")
        net = lifsim.load_workload(workload)
        ran = 0

        def trace(_frame: FrameType, _event: str, _value: object) -> Callable[..., Any]:
            nonlocal ran
            ran += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            widths_of(net, shared, precision)
        finally:
            sys.settrace(before)
        return ran

    work(2)  # whatever happens once
    assert work(80) < 4.4 * work(20)


def test_it_is_made_once_for_all_who_tell_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def counted(*given: Any) -> Assumed:
        calls.append(given)
        return assumed(*given)

    monkeypatch.setattr("lifsim.simulate.result.assumed", counted)
    command = ["run", "--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--set", "precision.psum_bits=9"]
    assert main([*command, "--full", "--out", str(tmp_path / "out")]) == 0
    assert "assumption: precision.psum_bits" in capsys.readouterr().out
    assert len(calls) == 1


def test_what_does_not_fit_is_said_once_for_sums_and_once_for_membranes() -> None:
    arch, net = load_arch("sata128"), network()
    widths = widths_of(net, Sharing(), arch.precision)
    given = [one.psum for one in widths if one.psum is not None]
    over = [bits for bits in given if bits > 16]
    said = [line for line in assumed(arch, net, Sharing()).lines if line.startswith("precision.psum_bits")]
    assert len(said) == bool(over) == 1
    assert f"in {len(over)} of {len(given)} layers" in said[0]
    wide = load_arch("sata128", ["precision.psum_bits=40", "precision.membrane_bits=40"])
    assert not [line for line in assumed(wide, net, Sharing()).lines if line.startswith("precision")]


def test_a_run_says_it_on_the_console_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    given = ["run", "--workload", "lenet5_mnist", "--set", "buffers.psum.size_bytes=512", "--set", "dram.model=ideal"]
    assert main([*given, "--full", "--out", str(out)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "prices: SRAM 28 nm, itrs-lop transistors, 360 K (CACTI 7.0.3); logic node, transistors and " in printed
    assert "not stated by its source" in printed
    assert "assumption: buffers.psum: 512 B lie outside" in printed
    (kept,) = read_summaries([out])
    tree = json.loads((out / "summary.json").read_text())
    assert tree["prices"]["SRAM"]["technology_nm"] == tree["sram_technology_nm"] == 28
    assert tree["prices"]["logic"]["technology_nm"] is None
    assert tree["assumptions"] == list(kept["assumptions"])
    assert list(tree["worst_case_bits"]) == [layer.name for layer in network().layers]


NODES = ["--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--vary", "technology_nm=22,65"]
ONLY = "only the SRAM's prices follow technology_nm"


def test_a_sweep_across_nodes_says_so_wherever_it_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, drawn = str(tmp_path / "store"), str(tmp_path / "pareto.svg")
    small = ["--vary", "buffers.psum.size_bytes=512,16KiB"]
    assert main(["sweep", *NODES, *small, "--jobs", "1", "--out", store]) == 0
    told = capsys.readouterr().err
    assert f"assumption: SRAMs of 22, 65 nm: {ONLY}" in told
    assert "assumption: buffers.psum: 512 B lie outside the SRAM table" in told
    assert main(["store", "show", store]) == 0
    assert f"note: SRAMs of 22, 65 nm: {ONLY}" in " ".join(capsys.readouterr().out.split())
    pareto = ["plot", "sweep", store, "--pareto", "energy_pj.total,area_mm2", "--out", drawn]
    assert main(pareto) == 0
    assert f"note: SRAMs of 22, 65 nm: {ONLY}" in capsys.readouterr().err
    rows = list(csv.DictReader((tmp_path / "pareto.csv").open()))
    assert rows


def test_one_node_is_not_talked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "store")
    given = ["--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--vary", "array.rows=8,16", "--jobs", "1"]
    assert main(["sweep", *given, "--out", store]) == 0
    assert main(["store", "show", store]) == 0
    assert ONLY not in "".join(capsys.readouterr())


def test_optimize_does_not_rank_across_nodes_unless_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    given = ["optimize", *NODES, "--jobs", "1", "--out", str(tmp_path / "store")]
    assert main(given) == 2
    told = capsys.readouterr().err
    assert "technology_nm: 22, 65 nm must be one node to be ranked" in told
    assert "--across-nodes" in told
    archs = ["optimize", "--arch", "sata128,eyeriss_like", "--workload", "lenet5_mnist", "--out", str(tmp_path / "a")]
    assert main(archs) == 2
    assert "28, 65 nm" in capsys.readouterr().err
    assert main([*given, "--across-nodes"]) == 0
    assert ONLY in "".join(capsys.readouterr())
