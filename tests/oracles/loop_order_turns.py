"""In which order a group of layers works on its rows: the turns of the literal interpreter of loop orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.oracles.loop_order_net import Layer, Loops, Net


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


@dataclass(frozen=True)
class Visit:
    """A layer's turn in a strip of a window: by timestep the rows that it computes."""

    window: int
    layer: Layer
    rows: dict[int, range]


def visits(net: Net, loops: Loops) -> list[Visit]:
    """Of one chunk, in order. Strips end with the last that begins on the map, which runs to its end; where timesteps
    are skewed they go on until all of them have passed."""
    if loops.by_need:
        return list(_by_need(net, loops))
    found = []
    lags = loops.lags or (0,) * len(net.layers)
    for number, first in enumerate(range(0, net.timesteps, loops.window)):
        window = range(first, min(first + loops.window, net.timesteps))
        for strip in range(_strips(net, loops, lags, len(window))):
            for layer, lag in zip(net.layers, lags, strict=True):
                rows = {t: _rows(layer, loops, strip, lag + (t - first) * loops.skew) for t in window}
                rows = {t: part for t, part in rows.items() if part}
                if rows:
                    found.append(Visit(number, layer, rows))
    return found


def _by_need(net: Net, loops: Loops) -> Iterator[Visit]:
    """The last layer works on strips; the others on what it needs by then, those that none of them reads on as large a
    part of their rows. The last strip ends all of them."""
    every = net.layers[-1].rows
    strips = ceil_div(every, loops.height or every)
    for number, first in enumerate(range(0, net.timesteps, loops.window)):
        window = range(first, min(first + loops.window, net.timesteps))
        done = {layer.name: 0 for layer in net.layers}
        for strip in range(strips):
            until = _until(net, min(every, (strip + 1) * (loops.height or every)), last=strip == strips - 1)
            for layer in net.layers:
                rows = range(done[layer.name], until[layer.name])
                done[layer.name] = max(done[layer.name], until[layer.name])
                if rows:
                    yield Visit(number, layer, dict.fromkeys(window, rows))


def _until(net: Net, rows: int, *, last: bool) -> dict[str, int]:
    """By layer, rows that are done when so many of the last one are."""
    until = {net.layers[-1].name: rows}
    for layer in reversed(net.layers[:-1]):
        there = net.planes[layer.puts].rows
        asked: set[int] = set()
        is_read = False
        for other in net.layers[net.layers.index(layer) + 1 :]:
            is_read = is_read or layer.puts in (other.source, *other.adds)
            for row in range(until[other.name]):
                asked.update(other.window.rows(row, there) if other.source == layer.puts else [])
                asked.update([row] if layer.puts in other.adds else [])
        under = [one for row in asked for one in layer.pool.rows(row, layer.rows)]
        part = ceil_div(layer.rows * rows, net.layers[-1].rows)
        until[layer.name] = layer.rows if last else max(under, default=-1) + 1 if is_read else part
    return until


def _strips(net: Net, loops: Loops, lags: tuple[int, ...], window: int) -> int:
    if loops.height is None:
        return 1
    rows = max(layer.rows for layer in net.layers)
    behind = lags[-1] + (window - 1) * loops.skew if loops.skew else 0
    return ceil_div(rows + behind, loops.height)


def _rows(layer: Layer, loops: Loops, strip: int, lag: int) -> range:
    if loops.height is None:
        return range(layer.rows)
    low, high = strip * loops.height - lag, (strip + 1) * loops.height - lag
    last = not loops.skew and strip == ceil_div(layer.rows, loops.height) - 1
    return range(max(0, low), layer.rows if last else max(0, min(layer.rows, high)))
