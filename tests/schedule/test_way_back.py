"""Do the products of training move what walking their loops byte by byte does, in the best order?"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest

from lifsim.keeping import KEEPINGS
from lifsim.model.arch import Precision
from lifsim.model.network import Layer
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import StateFacts
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.tensors.chains import Parted
from lifsim.schedule.tensors.rows import RowAxis, row_tiles, tile_filters
from lifsim.schedule.tensors.storage import RowLayout
from lifsim.schedule.tick.nest import Nest
from lifsim.schedule.timestep.group import Chunks
from lifsim.training.carried import carried
from lifsim.training.gradient_rows import transposed_axis
from lifsim.training.group_orders import Together, orders_of, products_of
from lifsim.training.nests import Tiles, best_backward, best_update
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic
from tests.oracles import way_back as oracle
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import plan_on

NETWORKS = 800


def drawn(draw: random.Random) -> tuple[Layer, oracle.Conv, oracle.Buffers, int]:
    """A layer of one group, a map of one column, the buffers' bytes and the columns of the array."""
    kernel = draw.choice([1, 2, 3])
    rows, padding = draw.randint(kernel, 6), draw.randint(0, kernel - 1)
    stride, channels, filters = draw.randint(1, 3), draw.randint(1, 5), draw.randint(1, 5)
    layer = build.conv_layer(
        (channels, rows, 1), filters, (kernel, 1), (stride, 1), (padding, 0), timesteps=draw.choice([1, 2])
    )
    conv = oracle.Conv(
        rows, layer.out_shape[1], kernel, stride, padding,
        in_row=draw.randint(1, 3), out_row=draw.randint(1, 4), channels=channels, filters=filters,
        weight=draw.randint(1, 4), sum=draw.randint(1, 5),
    )  # fmt: skip
    buffers = oracle.Buffers(draw.randint(1, 30), draw.randint(0, 30))
    return layer, conv, buffers, draw.randint(1, 3)


def nest(axis: RowAxis, row: int, filters: int, each: int, maps: int, buffers: oracle.Buffers, cols: int) -> Nest:
    rows = RowLayout(axis, 1, row)
    return Nest(
        groups=1, streams=True, batch=maps, rows=row_tiles(rows.axis), row_bytes=row,
        filters=tile_filters(filters, cols), all_filters=filters, filter_bytes=each,
        spike_buffer=buffers.rows, weight_buffer=buffers.filters,
    )  # fmt: skip


def order_of(tiles: Tiles) -> oracle.Order:
    return oracle.Order(tiles.order == "weights_outer", tiles.rows, tiles.filters)


def orders(nests: Nest) -> list[oracle.Order]:
    each = product([True, False], nests.rows.heights.tolist(), nests.filters.tolist())
    return [oracle.Order(*one) for one in each]


def test_backward_products_move_what_walking_them_does() -> None:
    draw, parted = random.Random(14), 0  # noqa: S311
    for _ in range(NETWORKS):
        layer, conv, buffers, cols = drawn(draw)
        parts, per_part = draw.choice([1, 1, 2, 3]), draw.choice([1, 2])
        maps = parts * per_part
        everything = maps * conv.rows_out * conv.out_row
        held = draw.choice([0, draw.randint(0, everything), everything])
        if conv.out_row * conv.kernel > buffers.rows:  # of each map nothing, all, or all that spike_in does not take
            one_map = conv.rows_out * conv.out_row
            held = draw.choice([0, everything, maps * max(0, one_map - draw.randint(0, buffers.rows))])
        one = nest(transposed_axis(layer), conv.out_row, conv.channels, conv.weight, maps, buffers, cols)
        found = best_backward({1: one}, 1, held, parts)
        walked = oracle.backward_bytes(conv, order_of(found.tiles), maps, buffers, held, parts)
        assert (found.weights, found.gradients) == walked
        parted += parts > 1 and found.gradients > 0
    assert parted > 50


def test_updates_move_what_walking_them_does() -> None:
    draw, spilled = random.Random(41), 0  # noqa: S311
    for _ in range(NETWORKS):
        _, conv, buffers, cols = drawn(draw)
        maps = draw.randint(1, 4)
        axis = RowAxis(conv.rows_in, conv.rows_out, conv.kernel, conv.stride, conv.padding)
        found = best_update(nest(axis, conv.in_row, conv.filters, conv.sum, maps, buffers, cols), 1, 1)
        assert (found.spikes, found.sums) == oracle.update_bytes(conv, order_of(found.tiles), maps, buffers)
        spilled += found.sums > 0
    assert spilled > 50


def test_no_order_moves_fewer_bytes() -> None:
    draw = random.Random(4)  # noqa: S311
    for _ in range(60):
        layer, conv, buffers, cols = drawn(draw)
        maps = draw.randint(1, 3)
        back = nest(transposed_axis(layer), conv.out_row, conv.channels, conv.weight, maps, buffers, cols)
        legal = [
            order for order in orders(back)
            if oracle.fits(oracle.backward_windows(conv, order.rows), conv.out_row, order.filters, conv.weight, buffers)
            or (order.rows, order.filters) == (1, back.filters[0])
        ]  # fmt: skip
        for held in (0, maps * max(0, conv.rows_out * conv.out_row - buffers.rows)):  # spike_in takes the rest of a map
            walked = [sum(oracle.backward_bytes(conv, order, maps, buffers, held, 1)) for order in legal]
            assert best_backward({1: back}, 1, held, 1).total == min(walked)
        axis = RowAxis(conv.rows_in, conv.rows_out, conv.kernel, conv.stride, conv.padding)
        update = nest(axis, conv.in_row, conv.filters, conv.sum, maps, buffers, cols)
        legal = [
            order for order in orders(update)
            if oracle.fits(oracle.update_windows(conv, order.rows), conv.in_row, order.filters, conv.sum, buffers)
            or (order.rows, order.filters) == (1, update.filters[0])
        ]  # fmt: skip
        walked = [spikes + 2 * sums for spikes, sums in
                  (oracle.update_bytes(conv, order, maps, buffers) for order in legal)]  # fmt: skip
        assert best_update(update, 1, 1).total == min(walked)


def test_of_all_sets_of_layers_the_best_is_updated_in_turn() -> None:
    """A timestep-major group: sums that stay take room from weights that stay; afterwards spikes come for every tile,
    and gradients of membranes go out and in."""
    draw, kinds = random.Random(7), set()  # noqa: S311
    for _ in range(25):
        timesteps, batch = draw.randint(2, 3), draw.randint(1, 3)
        ops: list[dict[str, object]] = []
        for number in range(draw.randint(2, 4)):
            kernel = draw.choice([1, 3])
            conv = {"name": f"conv{number}", "op": "conv", "out": draw.choice([2, 4, 6]), "kernel": kernel}
            ops += [conv | {"padding": kernel // 2}, {"name": f"lif{number}", "op": "lif"}]
        net = network(ops, (2, 4, 4), timesteps)
        arch = build.arch(
            cols=2, weight=draw.randint(20, 900), spike_in=draw.randint(8, 120), spike_out=draw.randint(0, 300)
        )
        plan = plan_on(net, Sharing(), arch, ScheduleOptions("timestep", batch, batch))
        sizes = TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS["stored"])
        found = orders_of(sizes, plan.groups[0])
        together = Together([products_of(sizes, layer) for layer in net.layers], Chunks(batch, batch))
        places, moved = range(len(net.layers)), []
        for chosen in product([False, True], repeat=len(net.layers)):
            taken = sum(together.products[i].sums for i in places if chosen[i])
            if taken <= arch.buffers.weight.usable_bytes:
                split = together.split(taken)
                updates = [together.in_turn[i] if chosen[i] else together.afterwards[i] for i in places]
                moved.append((split.moved if split else 0) + sum(one.total for one in updates))
        assert sum(one.total for one in found.values()) == min(moved)
        kinds |= {tuple(one.when for one in found.values())}
    assert {len(set(kind)) for kind in kinds} == {1, 2}


@pytest.mark.parametrize(
    ("gradient_bits", "states", "row"), [(8, False, 4), (12, False, 6), (12, True, 10), (None, True, 12)]
)
def test_gradients_of_states_are_as_wide_as_all_gradients(gradient_bits: int | None, states: bool, row: int) -> None:
    """Two rows of four membranes of 8 bits, psums of 16: rows of four gradients, and recomputed four membranes more."""
    state = StateFacts("u", 8, 1, 2, 4, (0,), parted=Parted(6, 2), granule=2)
    precision = Precision(weight_bits=8, psum_bits=16, membrane_bits=8, gradient_bits=gradient_bits)
    found = carried(state, precision, states=states)
    assert (found.row_bytes, found.bytes, found.layers) == (row, 2 * row, (0,))
    assert (found.parted.window, found.parted.parts, found.granule) == (-(-6 * row // 4), 2, row // 2)


def test_every_gradient_follows_one_key() -> None:
    """Buffers of nothing: what moves of gradients, and for their states, is proportional to their bits."""
    ops: list[dict[str, object]] = []
    for number in range(2):
        ops += [{"name": f"conv{number}", "op": "conv", "out": 2, "kernel": 1}, {"name": f"lif{number}", "op": "lif"}]
    net = network(ops, (2, 4, 4), 2)
    moved = []
    for bits in (8, 16):
        plan = plan_on(net, Sharing(), build.arch(), ScheduleOptions("timestep", 2, 1))
        precision = plan.chip.precision.model_copy(update={"gradient_bits": bits})
        chip = replace(plan.chip, precision=precision, room=BufferBytes(0, 0, 0, 0, 0))
        books = training_traffic(TrainingSizes(plan.facts, chip, 2, KEEPINGS["stored"]), plan)
        back = [stage for layer in books for stage in (layer.backward, layer.weight_update)]
        names = ("gradients_read", "gradients_write", "membrane_read", "membrane_write")
        moved.append([sum(getattr(stage, name) for stage in back) for name in names])
    narrow, wide = moved
    assert wide == [2 * size for size in narrow]
    assert min(narrow) > 0
