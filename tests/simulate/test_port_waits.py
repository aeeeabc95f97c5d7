"""Does a run wait for the ports of its buffers where they are too narrow, and is it said for whose?"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from itertools import pairwise

import pytest

import lifsim
from lifsim.accounting.books import BooksError
from lifsim.config.arch import load_arch
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.sram_ports import PortStalls
from lifsim.model.sharing import Sharing
from lifsim.schedule.tensors.products import input_map_of
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run as simulate
from lifsim.simulate.result import Result
from tests.schedule.build import conv_layer
from tests.workload import building

FAST = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=400TB")
STALLS = ("stall_weights", "stall_spikes", "stall_membrane", "stall_writeback")


def run(*overrides: str, schedule: str = "tick", sharing: str = "none", dram: tuple[str, ...] = FAST) -> Result:
    return lifsim.run(
        arch="sata128", workload="lenet5_mnist", schedule=schedule, sharing=sharing, overrides=(*dram, *overrides)
    )


def ports(result: Result, side: str = "port_stalls") -> dict[str, int]:
    every = [asdict(getattr(record.counts, side)) for record in result.records]
    return {name: sum(one[name] for one in every) for name in every[0]}


def passes(result: Result, *, replayed: bool = True) -> list[int]:
    """Outputs of every LIF pass of one timestep and image, none of two row tiles; replayed: of layers that compute
    once, too. The LIFs of LeNet-5 see the maps of their layers."""
    layers = [layer for layer in result.network.layers if layer.lif and (replayed or layer.rounds == layer.timesteps)]
    starts = [result.plan.layers[layer.index].tiling.cut.starts for layer in layers if result.plan]
    return [
        min(16, end - first) * min(8, layer.filters - filters)
        for layer, tiles in zip(layers, starts, strict=True)
        for begin, end in pairwise((*tiles, layer.pixels))
        for first in range(begin, end, 16)
        for filters in range(0, layer.filters, 8)
    ]


@pytest.mark.parametrize(("sharing", "groups"), [("none", 1), ("channel2", 2)])
def test_membranes_pass_the_ports_of_their_buffer_once_a_pass_and_chain(sharing: str, groups: int) -> None:
    """Two banks of 32 bits take 8 membranes of 8 bits a cycle; a pass takes `groups` cycles in any case."""
    found = run("buffers.membrane.port_bits=32", schedule="timestep", sharing=sharing)
    steps, batch = found.network.timesteps, found.options.batch or 1
    late = sum(max(0, math.ceil(math.ceil(n / groups) * 8 / 64) - groups) for n in passes(found))
    assert ports(found)["membrane"] == found.totals.cycles.stall_membrane == steps * batch * late > 0
    assert ports(run("buffers.membrane.port_bits=512", schedule="timestep", sharing=sharing))["membrane"] == 0
    assert ports(run("buffers.membrane.port_bits=32", sharing=sharing))["membrane"] == 0  # they stay in the PEs


def test_spikes_that_leave_faster_than_their_port_takes_them_are_waited_for() -> None:
    found = run("buffers.spike_out.port_bits=32")
    late = sum(max(0, math.ceil(n / 64) - 1) for n in passes(found))
    assert ports(found)["spike_out"] == found.network.timesteps * (found.options.batch or 1) * late > 0
    assert found.totals.cycles.stall_writeback >= ports(found)["spike_out"]


def test_sums_that_a_weight_stationary_array_put_out_come_back_through_the_ports_of_their_buffer() -> None:
    """Two banks of 128 bits give 16 sums of 16 bits a cycle, and take the 8 that the columns put out; currents that
    are replayed wait in the LIF units."""
    found = run("array.dataflow=ws")
    late = sum(max(0, math.ceil(n * 16 / 256) - 1) for n in passes(found, replayed=False))
    assert ports(found)["psum"] == found.network.timesteps * (found.options.batch or 1) * late > 0
    assert ports(run("array.dataflow=ws", "buffers.psum.port_bits=512", "buffers.psum.banks=4"))["psum"] == 0
    assert ports(run())["psum"] == 0


def test_words_that_a_linear_layer_reads_are_counted() -> None:
    """Output stationary: an input a cycle, each of a word of its own, for every 8 filters anew."""
    found = run("array.dataflow=os", "array.sparsity=none")
    linear = [layer for layer in found.network.layers if layer.kind == "linear"]
    words = [layer.reduction * -(-layer.filters // 8) * layer.rounds for layer in linear]
    assert [record.counts.input_words for record in found.records[-len(linear) :]] == words


def test_overlapped_units_hide_what_their_ports_take_under_the_next_fold() -> None:
    narrow = ("buffers.spike_out.port_bits=32", "array.dataflow=os")
    exposed, hidden = run(*narrow), run(*narrow, "lif.overlapped=true")
    assert 0 < ports(hidden)["spike_out"] < ports(exposed)["spike_out"]


@pytest.mark.parametrize("arch", ["sata128", "sata128_skip", "eyeriss_like"])
@pytest.mark.parametrize("buffer", ["weight", "spike_in", "spike_out", "membrane", "psum"])
def test_twice_the_banks_never_make_a_run_slower(arch: str, buffer: str) -> None:
    def cycles(banks: int, schedule: str) -> int:
        overrides = (f"buffers.{buffer}.banks={banks}", f"buffers.{buffer}.port_bits=32")
        dram = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=10GB")
        found = lifsim.run(arch=arch, workload="lenet5_mnist", schedule=schedule, overrides=(*dram, *overrides))
        return found.totals.cycles.total

    for schedule in ("tick", "timestep"):
        taken = [cycles(banks, schedule) for banks in (1, 2, 4)]
        assert taken == sorted(taken, reverse=True)


def test_fills_through_ports_slower_than_dram_are_told_from_waits_for_dram() -> None:
    """Two banks of 64 bits at 400 MHz are 6.4 GB/s: beside an endless DRAM all waiting, of 25.6 GB/s three quarters."""

    def filled(bandwidth: str) -> tuple[dict[str, int], int]:
        found = run(dram=("dram.model=bandwidth", f"dram.bandwidth_bytes_per_s={bandwidth}"))
        return ports(found, "fill_stalls"), found.totals.cycles.stall_weights

    endless, waited = filled("400TB")
    assert 0.99 * waited < endless["weight"] <= waited
    fast, waited = filled("25.6GB")
    assert 0 < fast["weight"] <= 0.75 * waited
    slow, waited = filled("1GB")
    assert sum(slow.values()) == 0 < waited


PORT = """
- {name: c0, op: conv, out: 64, kernel: 3, padding: 1}
- {name: l0, op: lif}
spikes: {source: rates, provenance: made up, rates: {c0: 0.3}}
"""


def test_ports_begin_to_take_a_load_with_its_first_byte() -> None:
    """36,864 B of weights at ten a cycle, then 4,096 of spikes through a port of 8 bits: the first of them is there in
    cycle 3,687, the last one through in 7,783. Of their 4,096 cycles DRAM would take a tenth."""
    narrow = ["banks=1", "port_bits=8", "read_pj=1", "write_pj=1", "leakage_mw=0", "area_mm2=0", "source=none"]
    overrides = [f"buffers.spike_in.{each}" for each in narrow]
    arch = load_arch("sata128", ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=4e9", *overrides])
    network = building.network(PORT, shape="[64, 16, 32]", timesteps=1, encoding="event")
    found = simulate(arch, network, Sharing(), Options())
    assert found.timeline is not None
    assert found.timeline.timing.start.tolist() == [7_783]
    assert found.timeline.timing.waited[0, [Kind.WEIGHTS, Kind.SPIKES_IN]].tolist() == [3_687, 4_096]
    assert ports(found, "fill_stalls")["spike_in"] == int(4_096 * 0.9)


def test_the_advice_names_the_buffer_whose_ports_limit_and_what_would_relieve_it() -> None:
    advice = run().advice
    assert (
        "for DRAM behind the ports of weight, which are slower (wider ports or more banks, or double-buffer it)"
        in advice
    )
    assert "bandwidth" not in advice
    assert "ports of" not in run(dram=("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB")).advice
    narrow = run("buffers.spike_out.port_bits=32", "buffers.spike_out.banks=1", dram=FAST)
    assert "for the ports of spike_out (wider ports or more banks)" in narrow.advice


def test_more_waits_for_ports_than_waits_are_refused() -> None:
    counts = run().records[0].counts
    with pytest.raises(BooksError, match="more waits for ports than waits"):
        replace(counts, port_stalls=PortStalls(weight=10**9))


def test_rows_and_columns_of_a_layer_reach_the_input_buffer_as_they_are() -> None:
    layer = conv_layer((4, 6, 9), 6, kernel=(3, 2), stride=(2, 1), padding=(1, 0), groups=2)
    assert layer.out_shape == (6, 3, 8)
    expected = InputMap(
        channels=2, groups=2, height=6, width=9, out_height=3, out_width=8, kernel=(3, 2), stride=(2, 1),
        padding=(1, 0), element_bits=3,
    )  # fmt: skip
    assert input_map_of(layer, 3) == expected
