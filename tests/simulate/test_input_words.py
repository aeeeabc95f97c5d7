"""Is spike_in charged for the words that the array reads, which its ports are busy with, and for no others?"""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.config.document import parse_document
from lifsim.config.workload import parse_workload
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks
from lifsim.simulate.result import Result
from tests.oracles import sram_banks as oracle

ROWS, COLS, WORD_BITS, BANKS = 5, 3, 16, 2
MACHINE = (
    f"array.rows={ROWS}",
    f"array.cols={COLS}",
    f"buffers.spike_in={{size_bytes: 1KiB, banks: {BANKS}, port_bits: {WORD_BITS}, read_pj: 1.0, write_pj: 0.0, "
    "leakage_mw: 0.0, area_mm2: 0.0, source: a picojoule a word read}",
)
IDEAL = "dram.model=ideal"


@st.composite
def convolutions(draw: st.DrawFn) -> dict[str, Any]:
    """Of spikes; groups, strides and padding as they come."""
    groups = draw(st.integers(1, 2))
    return {
        "channels": groups * draw(st.integers(1, 3)),
        "groups": groups,
        "out": groups * draw(st.integers(1, 4)),
        "size": (draw(st.integers(3, 6)), draw(st.integers(3, 6))),
        "kernel": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "stride": draw(st.integers(1, 2)),
        "padding": draw(st.integers(0, 1)),
        "timesteps": draw(st.integers(1, 3)),
        "batch": draw(st.integers(1, 2)),
    }


def ran(case: dict[str, Any], dataflow: str, sparsity: str, *settings: str, **options: Any) -> Result:
    layers = [
        {
            "name": "c", "op": "conv", "out": case["out"], "groups": case["groups"], "kernel": list(case["kernel"]),
            "stride": case["stride"], "padding": case["padding"],
        },
        {"name": "s", "op": "lif"},
    ]  # fmt: skip
    head = {"shape": [case["channels"], *case["size"]], "encoding": "event"}
    rates = {"source": "rates", "provenance": "drawn", "measured": False, "rates": {"c": 0.5}}
    tree = {"name": "n", "timesteps": case["timesteps"], "input": head, "layers": layers, "spikes": rates}
    network = parse_workload(parse_document(json.dumps(tree), "n.yaml"))
    arch = lifsim.load_arch(
        "sata128", [*MACHINE, f"array.dataflow={dataflow}", f"array.sparsity={sparsity}", *settings]
    )
    return lifsim.run(arch, network, batch=case["batch"], **options)


def walked(case: dict[str, Any], dataflow: str, sparsity: str) -> int:
    """Vector by vector, or under `skip` receptive field by receptive field, bit by bit."""
    sizes = zip(case["size"], case["kernel"], strict=True)
    height, width = ((n + 2 * case["padding"] - k) // case["stride"] + 1 for n, k in sizes)
    two = (case["stride"],) * 2, (case["padding"],) * 2
    channels = case["channels"] // case["groups"]
    read = InputMap(channels, case["groups"], *case["size"], height, width, case["kernel"], *two, 1)
    banks = Banks(BANKS, WORD_BITS)
    if sparsity == "skip":
        folds = [sum(words.total() for words in group) for group in oracle.scanned_words(read, banks, ROWS)]
    elif dataflow == "os":
        folds = [sum(group) for group in oracle.planar_reads(read, banks, ROWS, oracle.vector_words)]
    elif dataflow == "ws":
        folds = [sum(group) for group in oracle.channel_last_reads(read, banks, ROWS, oracle.vector_words)]
    else:
        folds = [sum(group) for group in oracle.planar_reads(read, banks, COLS, oracle.vector_words)]
    again = 1 if dataflow == "is" else math.ceil(case["out"] // case["groups"] / COLS)
    return sum(folds) * again * case["timesteps"] * case["batch"]


KINDS = [("os", "gate"), ("os", "none"), ("os", "skip"), ("ws", "gate"), ("is", "gate")]


@settings(max_examples=20, deadline=None)
@given(convolutions(), st.sampled_from(KINDS), st.sampled_from(["tick", "timestep"]))
def test_energy_and_ports_have_the_words_of_a_walk(case: dict[str, Any], kind: tuple[str, str], schedule: str) -> None:
    """One picojoule a word; the same under a memory that nobody waits for."""
    words = walked(case, *kind)
    memories = ((IDEAL,), ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB"))
    idle, timed = (ran(case, *kind, *memory, schedule=schedule) for memory in memories)
    assert timed.buffers["spike_in"].read_words == words
    for result in (idle, timed):
        assert result.totals.energy_pj.buffers.spike_in.total == pytest.approx(words)
        assert sum(record.counts.input_words for record in result.records) == words


def test_narrow_words_are_read_more_often_than_their_bits_are() -> None:
    """16 pixels of a vector are 16 bits of a word of 128: SATA's port is charged a whole one for them."""
    found = lifsim.run("sata128", "vgg16_cifar10", overrides=[IDEAL])
    words = sum(record.counts.input_words for record in found.records)
    bits = sum(record.counts.sram_accesses.spike_in.reads * record.counts.bits.spike_in for record in found.records)
    assert words > 7 * bits / 128


def test_training_is_charged_for_the_words_of_all_its_products() -> None:
    one_pj = [setting for setting in MACHINE if setting.startswith("buffers")]
    trained = lifsim.run("sata_training", "lenet5_mnist", mode="training", batch=1, overrides=[*one_pj, IDEAL])
    assert trained.totals.energy_pj.buffers.spike_in.total == pytest.approx(
        sum(record.counts.input_words for record in trained.records)
    )
    for record, layer in zip(trained.records, trained.network.layers, strict=True):
        stages = {name: stage.energy_pj.buffers.spike_in.total for name, stage in record.stages.items()}
        # the update multiplies K rows of the Sr pixels' inputs: even words, K at a time by 16 rows
        folds = math.ceil(layer.reduction / 16) * math.ceil(layer.group_filters / 8) * layer.groups
        assert stages["weight_update"] >= folds * layer.pixels * layer.rounds
        assert stages["weight_update"] <= folds * layer.pixels * layer.rounds * 16
