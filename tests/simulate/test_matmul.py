"""Is the product of two spike tensors counted as it is: no weights, nothing shared, both spikes at once?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayShape, Gemm, dense_waits, per_round
from lifsim.hardware.input_reads import EvenReads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports
from lifsim.model.activity import Spikes
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.record import LayerRecord
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run, simulate
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import SpikeProvenance, spike_work
from lifsim.simulate.spikes import Spikes as Read
from lifsim.trace.source import Trace
from tests.engine.test_matmul import attention
from tests.oracles import matmul
from tests.simulate.test_whole_run import Held

RATES = dict.fromkeys(("wq", "wk", "wv", "map", "map:second", "mix", "mix:second", "fc"), (0.4,))
TOKENS, FEATURES, HEADS, T = 6, 3, 2, 3


def rated(net: Network) -> Network:
    return replace(net, spikes=Spikes("rates", RATES, "test", False))


def maps(net: Network, batch: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {one.name: (rng.random((T, batch, *one.shape)) < 0.4).astype(np.uint8) for one in net.traced}


def ran(batch: int, *overrides: str, schedule: str = "tick", sharing: str = "none") -> tuple[Result, dict[str, Any]]:
    net, arch = rated(attention()), load_arch("sata128", ["dram.model=ideal", *overrides])
    held = maps(net, batch)
    trace = Trace("net", "none", T, batch, None, "test", tuple(Held(*item) for item in held.items()))
    kept = spike_work(net, trace, batch, SPARSITIES[arch.array.sparsity])
    read = Read(batch, kept, SpikeProvenance("trace", "test", True, "none", None, batch))
    options = Options(batch=batch, schedule=schedule)
    return simulate(arch, net, Sharing.parse(sharing), options, read), held


def record(result: Result, name: str) -> LayerRecord:
    return next(record for record in result.records if record.counts.name == name)


@pytest.mark.parametrize("sparsity", ["none", "gate", "skip"])
@pytest.mark.parametrize("name", ["map", "mix"])
def test_effective_products_are_those_of_two_ones(sparsity: str, name: str) -> None:
    result, held = ran(2, f"array.sparsity={sparsity}")
    turned = name == "map"
    met = [
        matmul.product(held[name][t, b].tolist(), held[f"{name}:second"][t, b].tolist(), HEADS, turned)[1]
        for t in range(T)
        for b in range(2)
    ]
    ops = record(result, name).counts.ops
    assert ops.macs_dense == 2 * T * HEADS * TOKENS * TOKENS * FEATURES
    assert ops.macs_effective == sum(met)
    assert ops.macs_executed == (ops.macs_dense if sparsity == "none" else sum(met))
    assert ops.macs_multibit == (ops.macs_executed if name == "mix" else 0)  # the map has counts


def test_rows_that_skip_work_through_the_ones_of_the_first_operand() -> None:
    result, held = ran(1, "array.sparsity=skip", "array.rows=4", "array.cols=2")
    cycles = 0
    for t in range(T):
        for head in range(HEADS):
            ones = [sum(row) for row in matmul.head_of(held["map"][t, 0].tolist(), HEADS, head)]
            for rows in matmul.cut(TOKENS, 4):
                cycles += max(ones[token] for token in rows) * (TOKENS // 2)
    assert record(result, "map").counts.cycles.array == cycles


@pytest.mark.parametrize(
    ("dataflow", "folds", "fold"),
    [("os", 2 * 3, FEATURES + 4), ("ws", 1 * 3, TOKENS + 8), ("is", 1 * 3, TOKENS + 8)],
)
@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_every_timestep_loads_its_own_filters(dataflow: str, folds: int, fold: int, schedule: str) -> None:
    """4 x 2 PEs: a weight-stationary array, too, loads for each timestep, and keeps psums of one."""
    chosen = f"array.dataflow={dataflow}", "array.rows=4", "array.cols=2", "array.sparsity=none"
    result, _ = ran(2, *chosen, schedule=schedule)
    cycles = record(result, "map").counts.cycles
    assert cycles.array + cycles.fill_drain == 2 * T * HEADS * folds * fold
    reads = {"os": 2, "ws": 1, "is": 3}[dataflow] * FEATURES * TOKENS
    assert record(result, "map").counts.sram_accesses.weight.reads == 2 * T * HEADS * reads


def test_the_second_operand_passes_the_weight_buffer_with_a_bit_an_element_and_is_booked_as_spikes() -> None:
    result, _ = ran(2)
    mapped, mixed = record(result, "map").counts, record(result, "mix").counts
    assert (mapped.bits.weight, mapped.bits.spike_in, mapped.bits.spike_out) == (1, 1, 2)  # counts of up to 3
    assert (mixed.bits.weight, mixed.bits.spike_in, mixed.bits.spike_out) == (1, 2, 1)
    assert mapped.dram_bytes.weights == mixed.dram_bytes.weights == 0
    second = 2 * HEADS * TOKENS * -(-FEATURES * T // 8)
    first = 2 * HEADS * 2 * -(-FEATURES * 3 * T // 8)
    assert mapped.dram_bytes.spikes_in == second + first
    assert mapped.sram_accesses.weight.writes == second * 8
    assert mapped.sram_accesses.spike_in.writes == first * 8


@pytest.mark.parametrize("sharing", ["none", "channel2", "channel3"])
@pytest.mark.parametrize("schedule", ["tick", "timestep", "auto"])
@pytest.mark.parametrize("dram", ["ideal", "simulated"])
def test_it_runs_under_every_schedule_and_sharing_of_channels(sharing: str, schedule: str, dram: str) -> None:
    """`channelN` divides the output channels of the neurons behind it."""
    chosen = [] if dram == "simulated" else ["dram.model=ideal"]
    net, arch = rated(attention()), load_arch("sata128", chosen)
    options = Options(batch=2, schedule=schedule)
    result = run(arch, net, Sharing.parse(sharing), options)
    assert result.totals.lif_memory_bytes.forward * Sharing.parse(sharing).channels == 2 * 4 * 36
    assert record(result, "mix").counts.ops.lif_updates == 2 * T * 36


@pytest.mark.parametrize("dataflow", ["os", "ws", "is", "row_stationary"])
@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_every_figure_is_explained(dataflow: str, schedule: str) -> None:
    from lifsim.report.explain.layer import explain

    chosen = f"array.dataflow={dataflow}", "array.sparsity=none", "buffers.psum.size_bytes=8", "dram.model=ideal"
    net, arch = rated(attention()), load_arch("sata128", [*chosen, "buffers.weight.size_bytes=16"])
    result = run(arch, net, Sharing(), Options(batch=2, schedule=schedule))
    for name in ("map", "mix"):
        for line in explain(result, name).lines:
            assert eval(line.expression, {"ceil": lambda x: -int(-x // 1)}) == line.value, line.text  # noqa: S307


def test_parallel_time_batching_has_no_window_of_timesteps_for_it() -> None:
    """Timesteps of a window share weights: of other filters in each, nothing is gained by tick batching."""
    chosen = "array.sparsity=ptb", "array.rows=8", "array.cols=16", "array.dataflow=os"
    tick, _ = ran(1, *chosen)
    major, _ = ran(1, *chosen, schedule="timestep")
    together, apart = record(tick, "map").counts.cycles, record(major, "map").counts.cycles
    assert (together.array, together.fill_drain) == (apart.array, apart.fill_drain)


@pytest.mark.parametrize("name", ["os", "ws", "is", "row_stationary"])
def test_ports_are_waited_for_in_every_timestep(name: str) -> None:
    """3 rounds that share no filters wait three times as long as one."""
    gemm, shape = Gemm(6, 12, 10, 2), ArrayShape(4, 8)
    ports = Ports(weight=Port(1, 2), spike_in=Banks(1, 4), psum=Port(16, 1 << 20))
    dataflow, read = per_round(DATAFLOWS[name]), EvenReads(gemm, 1)
    one, three = (dense_waits(dataflow, read, gemm, shape, rounds, ports, tick_batched=True) for rounds in (1, 3))
    assert three == one * 3
    assert one.total > 0


def test_a_second_operand_counts_as_no_weights() -> None:
    net = attention()
    assert sum(layer.weights for layer in net.layers) == 3 * 36 + 36 * 4


WRITTEN = """
name: t
timesteps: 2
input: {shape: [4, 2, 2], encoding: rate}
layers:
- {name: w, op: conv, out: 4, kernel: 1}
- {name: q, op: lif}
- {name: map, op: matmul, inputs: [q, q], heads: 2, transpose_second: true}
- {name: lif, op: lif}
spikes: {source: rates, provenance: nobody, rates: {w: 0.5, map: 0.5, "map:second": 0.5}}
"""


def faults(tmp_path: Path, *changes: tuple[str, str]) -> str:
    path, text = tmp_path / "t.yaml", WRITTEN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    with pytest.raises(InputError) as error:
        lifsim.load_workload(str(path))
    return "; ".join(map(str, error.value.faults))


def test_faults_of_a_product_are_told_where_they_stand(tmp_path: Path) -> None:
    assert "8:" in (told := faults(tmp_path, ("heads: 2", "heads: 3")))
    assert "layers.map.heads: 3 must divide the 4 channels of q" in told
    assert "layers.map.inputs: must be spikes or counts of spikes; w has real values" in faults(
        tmp_path, ("[q, q]", "[q, w]")
    )
    told = faults(tmp_path, ("heads: 2, transpose_second: true", "heads: 4"))
    assert "layers.map.inputs: q has 1 features a head: must be as many as the 4 tokens of q" in told
    assert "layers.map.inputs" in faults(tmp_path, ("[q, q]", "[q]"))
    assert "'qq' must be a layer above; did you mean 'q'?" in faults(tmp_path, ("[q, q]", "[q, qq]"))
    assert "did you mean 'heads'?" in faults(tmp_path, ("heads: 2", "head: 2"))
    told = faults(tmp_path, (', "map:second": 0.5', ""))
    assert "rates must cover every layer that reads spikes; missing map:second" in told
    assert "did you mean 'map:second'?" in faults(tmp_path, ('"map:second"', '"map:secnd"'))


def test_training_and_satasim_refuse_it_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(WRITTEN)
    assert main(["run", "--arch", "sata_training", "--workload", str(path), "--mode", "training"]) == 2
    assert "layers.map: matmul has no gradient yet, and must not be trained" in capsys.readouterr().err
    assert main(["run", "--arch", "sata128_satasim", "--workload", str(path)]) == 2
    assert "map: must have weights, is a matmul" in capsys.readouterr().err


def test_one_image_of_a_trace_stands_for_all_that_are_asked_for() -> None:
    net = rated(attention())
    held = maps(net, 1)
    trace = Trace("net", "none", T, 1, None, "test", tuple(Held(*item) for item in held.items()))
    kept = spike_work(net, trace, 3, SPARSITIES["none"])
    both = {layer.name: one.ones_in_both for layer, one in zip(net.layers, kept, strict=True)}
    for name, turned in (("map", True), ("mix", False)):
        met = [
            matmul.product(held[name][t, 0].tolist(), held[f"{name}:second"][t, 0].tolist(), HEADS, turned)[1]
            for t in range(T)
        ]
        assert both[name] is not None
        assert both[name].tolist() == [met] * 3
