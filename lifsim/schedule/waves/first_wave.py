"""Spans of layers whose first wave leaves more rows than spike_out holds: none of them can be fused.

Before the first wave nothing is done, and behind it the last layer has one row at least. What the layers before it must
have done for that they do in one turn each, and of that no row is gone before its next reader has had its turn. What a
layer far before the last one makes waits there whole, and with it all that passes by to later layers.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import packed_row_bytes
from lifsim.schedule.waves.fused_rows import Need, needs_of

TOGETHER = 64
"""Nodes that are added up together: mostly the nearest of them fill spike_out, and the others are not looked at."""


def crowded(facts: NetworkFacts, timesteps: int, room: int) -> NDArray[np.bool_]:
    """[layers, layers + 1] whether rows that wait between layers first..end-1 in their first wave, in windows of so
    many timesteps, take more than the `room` of spike_out, whatever the height of the waves."""
    layers, nodes = len(facts.layers), _nodes(facts, timesteps)
    most, last = nodes.waits.max(axis=1, initial=0), nodes.readers.max(axis=1, initial=-1)
    found = np.full(layers, -1)
    for here in range(layers):
        there = np.flatnonzero((nodes.of <= here) & (last >= here))
        if most[there].sum() > room:
            _look(nodes, there, here, room, found)
    return np.arange(layers)[:, None] <= np.append(-1, found)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """What layers read of earlier ones, what the latest ones make first. of: [nodes] the layers that make it; readers:
    [nodes, layers] the first one to read it that is no earlier than a layer, -1: none; waits: [nodes, layers] bytes
    that are there behind the first wave of groups whose last layer this is."""

    of: Ints
    readers: Ints
    waits: Ints


def _look(nodes: _Nodes, there: Ints, here: int, room: int, found: Ints) -> None:
    """Set `found` [layers] to the first layer of the shortest group with each last layer that has no room in the turn
    of layer `here`, in which these nodes may be `there`, if it is shorter than what was found before."""
    taken, reader = np.zeros_like(found), nodes.readers[there, here]
    for begin in range(0, there.size, TOGETHER):
        some, needed = there[begin : begin + TOGETHER], reader[begin : begin + TOGETHER]
        nearest = int(needed.min())
        lasts = nearest + np.flatnonzero(found[nearest:] < nodes.of[some[0]])
        waits = np.where(lasts >= needed[:, None], nodes.waits[np.ix_(some, lasts)], 0)
        sums = taken[lasts] + np.cumsum(waits, axis=0)
        beyond, taken[lasts] = sums > room, sums[-1]
        firsts = nodes.of[some][beyond.argmax(axis=0)]
        found[lasts] = np.where(beyond[-1], np.maximum(firsts, found[lasts]), found[lasts])


def _nodes(facts: NetworkFacts, timesteps: int) -> _Nodes:
    by_node, layers = defaultdict[str, list[Need]](list), len(facts.layers)
    for need in sorted(needs_of(facts), key=lambda need: -need.of):
        by_node[need.tensor.name].append(need)
    readers, waits = np.full((len(by_node), layers), -1), np.zeros((len(by_node), layers), np.int64)
    done = _first_rows(facts)
    for node, needs in enumerate(by_node.values()):
        behind = 0
        for layer in sorted({need.layer for need in needs}):
            readers[node, behind : layer + 1], behind = layer, layer + 1
        there = needs[0].made[done[needs[0].of]] - max(int(need.gone[0]) for need in needs)
        waits[node] = packed_row_bytes(needs[0].tensor, facts.reals, timesteps) * np.maximum(there, 0)
    return _Nodes(np.array([needs[0].of for needs in by_node.values()], np.int64), readers, waits)


@lru_cache(1)
def _first_rows(facts: NetworkFacts) -> Ints:
    """[layers, layers] rows of a layer that are done at least behind the first wave of groups with each last layer."""
    rows = np.array([layer.rows.axis.rows_out for layer in facts.layers])
    asked = defaultdict[int, list[Need]](list)
    for need in needs_of(facts):
        asked[need.of].append(need)
    done = np.zeros((rows.size, rows.size), np.int64)
    for layer in reversed(range(rows.size)):
        own, unread = done[layer], rows.size
        own[layer] = 1
        for need in asked[layer]:
            behind = own[need.layer :]
            np.maximum(behind, need.until[done[need.layer, need.layer :]], out=behind)
            unread = min(unread, need.layer)
        own[layer + 1 : unread] = -(-rows[layer] // rows[layer + 1 : unread])
    return done
