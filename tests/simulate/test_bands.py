"""A run in bands of columns: cycles, accesses and time are those of its pieces of rows, one behind the other."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from lifsim.config.arch import load_arch
from lifsim.hardware.array import Cut, Kept, Laid, dataflow_of, shape_of, sparsity_of
from lifsim.hardware.array.cut import Piece
from lifsim.hardware.gemm import Gemm, Window
from lifsim.hardware.input_reads import InputMap, scanned_reads
from lifsim.hardware.sram_banks import Banks
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.trial import Tried
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.schedule.waves.bands.bands import Banded
from tests.hardware.windows import origins
from tests.oracles.waves import Array, Counted, Product, count
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import plan_on
from tests.simulate.waves import assert_books_balance, ran, rated

LAYER = Sharing.parse("layer")


def small_network(encoding: str = "rate") -> Network:
    """Two convolutions of eight channels on maps of 16 x 9, a pool behind them."""
    ops: list[Op] = []
    for number, kernel in enumerate(([3, 3], [3, 5])):
        source = f"lif{number - 1}" if number else "input"
        padding = [one // 2 for one in kernel]
        ops.append({"name": f"conv{number}", "op": "conv", "out": 8, "kernel": kernel, "padding": padding,
                    "input": source})  # fmt: skip
        ops.append({"name": f"lif{number}", "op": "lif"})
    ops.append({"name": "pool", "op": "max_pool", "kernel": 2, "stride": 2, "input": "lif1"})
    return rated(network(ops, (8, 16, 9), 3, encoding))


def arch(*settings: str) -> Arch:
    """Four rows of three PEs; of two timesteps' 2 * (1 + 1) rows of 72 bytes of state there is no room."""
    sizes = ("buffers.membrane.size_bytes=250", "buffers.membrane.banks=1")
    return load_arch("sata128", ["array.rows=4", "array.cols=3", "lif.latency_cycles=50", "dram.model=ideal", *sizes,
                                 *settings])  # fmt: skip


def in_bands(machine: Arch, batch: int = 1, schedule: str = "skewed", encoding: str = "rate") -> tuple[Plan, Tried]:
    net = small_network(encoding)
    plan = plan_on(net, LAYER, machine, ScheduleOptions(schedule, batch=batch))
    assert isinstance(plan.groups[0].waves, Banded)
    return plan, ran(net, LAYER, machine, plan, batch)


def told(plan: Plan, group: GroupPlan, index: int) -> Product:
    """A layer as the oracle is told it: of every strip its pixels."""
    layer, waves = plan.facts.layers[index].layer, group.in_waves
    rows = []
    for first, end in group.window.spans(layer.timesteps):
        strips, columns = (of(index, end - first) for of in (waves.strips, waves.columns))
        pixels = np.diff(strips)[..., 0] * np.diff(columns)[..., 0]
        rows.append([[(0, of_timestep) for of_timestep in wave] for wave in pixels.T.tolist()])
    tile = group.layers[index - group.first].tiling.filters
    return Product(layer.reduction, layer.filters, 1, tile, rows, skewed=True)


@pytest.mark.parametrize("schedule", ["skewed", "skewed:2"])
@pytest.mark.parametrize("overlapped", ["true", "false"])
@pytest.mark.parametrize("dataflow", ["os", "ws"])
def test_cycles_and_accesses_are_those_of_the_loops(dataflow: str, overlapped: str, schedule: str) -> None:
    machine = arch(f"array.dataflow={dataflow}", "array.sparsity=none", f"lif.overlapped={overlapped}")
    plan, tried = in_bands(machine, schedule=schedule)
    array = Array(4, 3, dataflow, lif=50, hidden=overlapped == "true")
    for index, record in enumerate(tried.records):
        cycles, accesses = record.counts.cycles, record.counts.sram_accesses
        ours = Counted(cycles.array + cycles.fill_drain, cycles.lif, accesses.spike_in.reads, accesses.weight.reads)
        assert ours == count(told(plan, plan.groups[0], index), array)
        assert cycles.lif > 0


@pytest.mark.parametrize("encoding", ["rate", "direct"])
@pytest.mark.parametrize(("sparsity", "memory"), [("gate", "ideal"), ("skip", "bandwidth"), ("gate", "cycle"),
                                                  ("ptb", "cycle")])  # fmt: skip
def test_books_balance_whatever_the_memory(sparsity: str, memory: str, encoding: str) -> None:
    """Every byte is asked for; all that the array does is in some step; cycles are the sum of their causes."""
    more = ["dram.bandwidth_bytes_per_s=400MB"] if memory == "bandwidth" else []
    machine = arch(f"dram.model={memory}", f"array.sparsity={sparsity}", *more)
    plan, tried = in_bands(machine, batch=3, encoding=encoding)
    assert assert_books_balance(plan, tried).membrane_read > 0


def test_rows_skip_the_zeros_of_their_own_pixels() -> None:
    """A fold of four pixels of a piece of rows, in whichever column it begins, lasts as long as its fullest one."""
    rows, columns, timesteps = 5, 7, 2
    gemm = Gemm(rows * columns, 9, 3, 1, Window(rows, (3, 3), (1, 1)))
    ones = np.random.default_rng(1).integers(0, 10, (1, timesteps, 1, gemm.pixels)).astype(np.int32)
    pieces = tuple(Piece(row, min(2, rows - row), left, min(3, columns - left))
                   for left in range(0, columns, 3) for row in range(0, rows, 2))  # fmt: skip
    sizes = [piece.rows * piece.columns for piece in pieces]
    cut = Cut(tuple(np.cumsum([0, *sizes[:-1]]).tolist()), 3, pieces=pieces)
    machine = arch("array.sparsity=skip")
    laid = Laid(gemm, shape_of(machine.array), dataflow_of(machine.array), False, False, cut)
    order = cut.pixel_order(columns)
    assert order is not None
    found = sparsity_of(machine.array).cycles(Kept(ones).in_order(order), laid)
    for timestep in range(timesteps):
        field, slowest = ones[0, timestep, 0].reshape(rows, columns), 0
        for row, high, left, wide in pieces:
            at = [field[r, c] for r, c in product(range(row, row + high), range(left, left + wide))]
            slowest += sum(max(at[first : first + 4]) for first in range(0, len(at), 4))
        assert found[timestep].array == slowest


def test_pieces_of_rows_read_where_their_pixels_do() -> None:
    """The windows of a piece begin where those of the same pixels of the whole map do; the words of folds in another
    order are those of the same pixels."""
    whole = InputMap(3, 1, 8, 9, 4, 5, (3, 3), (2, 2), (1, 1), 1)
    banks = Banks(2, 8)
    down, across = (origin.reshape(4, 5) for origin in origins(whole))
    for row, rows, column, columns in [(0, 2, 0, 3), (2, 1, 3, 2), (1, 3, 1, 4)]:
        [(piece, _, _)] = whole.tiles(np.array([(row, rows, column, columns)]), banks)
        assert isinstance(piece, InputMap)
        mine = slice(row, row + rows), slice(column, column + columns)
        for found, all_of_it, pitch in zip(origins(piece), (down, across), (whole.width, 1), strict=True):
            lower = found - all_of_it[mine].ravel()
            assert lower.max() % (banks.line_bits // math.gcd(banks.line_bits, pitch)) == np.ptp(lower) == 0
    order = tuple(np.random.default_rng(1).permutation(whole.pixels).tolist())
    each = scanned_reads(whole, banks, (range(whole.pixels),))
    mixed = scanned_reads(whole, banks, (range(whole.pixels),), order)
    assert (mixed.words == each.words[:, list(order)]).all()
    assert len(set(each.words.ravel().tolist())) > 1
