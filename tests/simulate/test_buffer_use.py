"""Is a buffer said to be as busy as its words are many?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.report.explain.layer import explain
from lifsim.report.summary import summary
from lifsim.simulate.result import Result

BUFFERS = ["weight", "spike_in", "spike_out", "membrane", "psum"]
TIMED = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=19.2GB")


def run(*overrides: str, arch: str = "sata128", schedule: str = "tick") -> Result:
    return lifsim.run(arch=arch, workload="lenet5_mnist", schedule=schedule, overrides=(*TIMED, *overrides))


@pytest.mark.parametrize("arch", ["sata128", "sata128_skip", "eyeriss_like", "tpu_like_small"])
@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_no_port_gives_more_than_a_word_a_cycle(arch: str, schedule: str) -> None:
    found = run(arch=arch, schedule=schedule)
    assert list(found.buffers) == BUFFERS
    for use in found.buffers.values():
        assert 0 <= use.read_utilisation <= 1
        assert 0 <= use.write_utilisation <= 1
        assert 0 <= use.peak_bytes <= use.usable_bytes


def test_words_are_packed_elements_but_for_what_the_array_reads_by_address() -> None:
    found = run()
    moved = [record.counts.sram_accesses for record in found.records]
    used = found.buffers
    assert used["weight"].read_words == sum(-(-layer.weight.reads * 8 // 64) for layer in moved)
    assert used["spike_out"].write_words == sum(
        -(-layer.spike_out.writes * record.counts.bits.spike_out // 64)
        for layer, record in zip(moved, found.records, strict=True)
    )
    cycles, banks = found.totals.cycles.total, found.arch.buffers.weight.banks
    assert used["weight"].read_utilisation == used["weight"].read_words / (cycles * banks)
    # of a vector of 16 pixels or less at least a word is read, and padding reads none
    vectors = sum(
        layer.rounds * layer.reduction * -(-layer.pixels // 16) * -(-layer.group_filters // 8) * layer.groups
        for layer in found.network.layers
    )
    assert 0.5 * vectors < used["spike_in"].read_words / (found.options.batch or 1) < 2 * vectors


def test_layers_and_waits_add_up_to_the_run() -> None:
    found = run("buffers.weight.port_bits=32", "buffers.spike_in.port_bits=32", "buffers.spike_in.banks=1")
    rows = found.layer_rows
    for name in BUFFERS:
        for column in ("read_words", "write_words", "port_stall_cycles", "fill_stall_cycles"):
            assert sum(row[f"buffers.{name}.{column}"] for row in rows) == getattr(found.buffers[name], column)
    assert found.buffers["spike_in"].port_stall_cycles > 0 < found.buffers["weight"].fill_stall_cycles


def test_an_ideal_memory_has_no_ports(tmp_path: Path) -> None:
    ideal = lifsim.run(workload="lenet5_mnist", overrides=("dram.model=ideal",))
    assert ideal.buffers == {}
    assert "buffers" not in summary(ideal)
    assert not any(column.startswith("buffers.") for column in ideal.layer_rows[0])
    assert list(summary(run())["buffers"]) == BUFFERS


def test_the_console_and_the_explanation_say_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = [argument for override in TIMED for argument in ("--set", override)]
    out = tmp_path / "out"
    monkeypatch.setenv("COLUMNS", "140")  # so that no heading is broken
    assert main(["run", "--workload", "lenet5_mnist", *settings, "--full", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "read ports" in printed
    stored = json.loads((out / "summary.json").read_text())["buffers"]
    assert f"{stored['spike_in']['read_utilisation']:.1%}" in printed
    found = run("buffers.spike_in.port_bits=32", "buffers.spike_in.banks=1")
    name = max(found.records, key=lambda record: record.counts.port_stalls.spike_in).counts.name
    lines = {line.quantity: line for line in explain(found, name).lines}
    counts = next(record.counts for record in found.records if record.counts.name == name)
    assert lines["ports"].value == counts.port_stalls.total + counts.fill_stalls.total
    assert str(counts.port_stalls.spike_in) in lines["ports"].expression
    assert "spike_in for the array" in lines["ports"].why
    assert lines["spike_in read words"].value == counts.input_words
