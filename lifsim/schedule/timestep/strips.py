"""Strips: layers that share one state run a few output rows at a time.

In strip s of n = ceil(E/h), layer i computes output rows s*h - d_i ... (s+1)*h - d_i - 1 of E (the last strip: to the
end). Its lag d_i is the maximum of its predecessor's lag and, for each node of the relay that it reads, that node's lag
plus the rows beneath its own that it needs: half a kernel for a convolution, none for an add. A pool of stride 1 lags
its layer by half its kernel. A row of state is live from the first layer's strip to the last layer's: h + D rows are at
work, D being the last lag. Rows of nodes that nothing in the relay reads wait if their windows are cut (`begun`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from lifsim.graph.reach import Read, Step
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import NetworkFacts, StateFacts, TensorFacts
from lifsim.schedule.norms import barriers
from lifsim.schedule.tensors.begun import begun_bytes, has_windows
from lifsim.schedule.tensors.rows import Ints, first_edge, tile_starts
from lifsim.schedule.tensors.storage import rows_of, step_row_bytes


class Starts(tuple[int, ...]):
    """First output rows of strips, perhaps as many as rows. Results are cached under them, so their hash is computed
    once."""

    _hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = super().__hash__()
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)


@dataclass(frozen=True, eq=False)
class Relay:
    """A relay: layers first..last of one state (an index), E = `rows` output rows each.

    lags: of each layer. waiting: for each node whose rows stay between the layers, its bytes per row, its lag, and how
    many rows its readers are behind: their lag plus the rows above their own that they need. begun: [layers][rows + 1]
    bytes of begun rows of nodes that nothing in the relay reads, when 0, 1, ... rows of a layer are done. edges: for
    each layer that reads from outside, its lag and the first output row below which strips that meet have fewer input
    rows in common than above.
    """

    state: int
    first: int
    last: int
    rows: int
    state_row_bytes: int
    lags: tuple[int, ...]
    waiting: tuple[tuple[int, int, int], ...]
    begun: tuple[tuple[int, ...], ...] = ()
    edges: tuple[tuple[int, int], ...] = ()

    def heights(self) -> list[int]:
        """The heights that give two strips or more (one strip is a layer as a whole), without those that cannot be
        better than a lower one with as many strips: see `_heights`."""
        return _heights(self)

    def starts(self, layer: int, height: int) -> Starts:
        """First output row of each strip in which a layer has work."""
        return _starts(self, layer, height)

    def turns(self, height: int) -> Iterator[tuple[int, int]]:
        """(layer, index of its strip) in order of execution: for each strip, the layers that have work in it."""
        strips = -(-self.rows // height)
        opening = [min(lag // height, strips - 1) for lag in self.lags]
        for strip in range(strips):
            for layer, first in enumerate(opening, self.first):
                if strip >= first:
                    yield layer, strip - first

    def state_window_bytes(self, height: int) -> int:
        """Membranes at work, per image."""
        return min(self.rows, height + self.lags[-1]) * self.state_row_bytes

    def spike_window_bytes(self, height: int) -> int:
        """Bytes per image of spikes between the layers that later layers or the next strip need, and of rows that have
        begun."""
        return int(_spike_windows(self)[height - 1])


@lru_cache(1 << 10)
def _heights(relay: Relay) -> list[int]:
    """The lowest height for each number of strips, and others that may move fewer bytes.

    With as many strips of a larger height, the s-th strip begins no earlier. So layers have work in no fewer strips,
    membranes need no less room, and no less input is read again where strips meet. But the last strip is lower: what
    waits in spike_out until it runs may need less room, and at the lower edge of a map strips have fewer rows in
    common.
    """
    every = np.arange(1, relay.rows)
    strips = -(-relay.rows // every)
    is_lowest = np.diff(strips, prepend=0) != 0
    last = (strips - 1) * every
    at_edge = [last - lag >= edge for lag, edge in relay.edges]
    waiting, lowest = _spike_windows(relay)[:-1], np.flatnonzero(is_lowest)[np.cumsum(is_lowest) - 1]
    chosen = is_lowest | np.any(at_edge, axis=0) | (waiting < waiting[lowest])
    found: list[int] = every[chosen].tolist()
    return found


@lru_cache(1 << 14)
def _starts(relay: Relay, layer: int, height: int) -> Starts:
    strips = -(-relay.rows // height)
    begins = (strip * height - relay.lags[layer - relay.first] for strip in range(1, strips))
    return Starts((0, *(row for row in begins if row > 0)))


@lru_cache(1 << 10)
def _spike_windows(relay: Relay) -> Ints:
    """[rows] `Relay.spike_window_bytes` for strips of each height, from one row on."""
    heights = np.arange(1, relay.rows + 1)
    last = relay.rows - (-(-relay.rows // heights) - 1) * heights
    found = np.zeros_like(heights)
    for row_bytes, lag, behind in relay.waiting:
        found += row_bytes * np.minimum(relay.rows, np.maximum(heights - lag, last) + behind)
    begins, first, _ = tile_starts(relay.rows, heights)
    for lag, begun in zip(relay.lags, relay.begun, strict=False):
        if begun:
            found += np.maximum.reduceat(np.array(begun)[np.maximum(first - lag, 0)], begins[:-1])
    return found


@lru_cache(1 << 10)
def strip_relays(facts: NetworkFacts, first: int, last: int) -> tuple[Relay, ...]:
    """The relays within first..last that can be computed in strips; in training, no batch norm may lie within one."""
    found = []
    for index in facts.states_of(first, last):
        state = facts.states[index]
        if len(state.layers) > 1 and first <= state.layers[0] and state.layers[-1] <= last:
            relay = _relay(facts, index, state)
            if relay is not None:
                found.append(relay)
    return tuple(found)


def _relay(facts: NetworkFacts, index: int, state: StateFacts) -> Relay | None:
    first, last = state.layers[0], state.layers[-1]
    members = range(first, last + 1)
    if facts.states_of(first, last) != [index] or any(facts.layers[layer].when == "last" for layer in members):
        return None
    if barriers(facts, first, last):
        return None
    if any(facts.layers[layer].rows.axis.rows_out != state.rows for layer in members):
        return None
    inner = [tensor for tensor in facts.made(first, last) if _read_in(tensor, members)]
    between = _Between(facts, members)
    if any(tensor.when != "every" for tensor in inner) or not between.row_by_row(state.rows):
        return None
    return Relay(
        index,
        first,
        last,
        state.rows,
        state.row_bytes,
        between.lags,
        between.waiting(),
        between.begun(),
        tuple(_edges(facts, members, between.lags)),
    )


def _edges(facts: NetworkFacts, members: range, lags: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """`Relay.edges`, for the layers that have such a row."""
    for layer, lag in zip(members, lags, strict=True):
        axis = facts.layers[layer].rows.axis
        if facts.tensors[facts.layers[layer].layer.input.name].producer not in members:
            edge = first_edge(axis)
            if edge < axis.rows_out:
                yield lag, edge


def _read_in(tensor: TensorFacts, members: range) -> bool:
    return any(layer in members for layer in tensor.readers)


class _Between:
    """The nodes between the layers of a relay. lags: of each layer; behind: the lag of each node."""

    def __init__(self, facts: NetworkFacts, members: range) -> None:
        self.facts = facts
        self.steps = {step.name: step for layer in members for step in facts.steps[layer]}
        self.layer_of = {step.name: layer for layer in members for step in facts.steps[layer]}
        self.passed_on = self._passed_on(members)
        self.behind: dict[str, int] = {}
        lags: list[int] = []
        for layer in members:
            own = facts.steps[layer]
            sources = [self._there(read) for step in own for read in step.reads if read.node in self.behind]
            lags.append(max([0, *lags[-1:], *sources]))
            for step in own:
                self.behind[step.name] = max(
                    [lags[-1], *(self._there(read) for read in step.reads if self.layer_of.get(read.node) == layer)]
                )
        self.lags = tuple(lags)

    def _there(self, read: Read) -> int:
        """The lag at which a row has everything that it needs of a node."""
        return self.behind[read.node] + read.below

    def _passed_on(self, members: range) -> set[str]:
        """Nodes that another layer of the relay reads, and nodes from which these are computed."""
        found: set[str] = set()
        for layer in reversed(members):
            for step in reversed(self.facts.steps[layer]):
                is_inner = step.name in found or step.is_lif
                for read in step.reads:
                    if read.node in self.layer_of and (is_inner or self.layer_of[read.node] != layer):
                        found.add(read.node)
        return found

    def _reads(self) -> Iterator[tuple[Step, Read]]:
        """The reads of nodes that are passed on: by other layers, and by other such nodes."""
        for step in self.steps.values():
            for read in step.reads:
                within = self.layer_of.get(read.node) == self.layer_of[step.name]
                if read.node in self.passed_on and (not within or step.name in self.passed_on or step.is_lif):
                    yield step, read

    def row_by_row(self, rows: int) -> bool:
        """Whether output row y of every layer needs only rows around y of the others, and its sums reach its LIF at
        once, since there is no room for sums to wait for each other."""
        if any(not read.row_by_row or rows_of(self.steps[read.node].tensor.shape) != rows for _, read in self._reads()):
            return False
        lags = dict(zip(sorted({*self.layer_of.values()}), self.lags, strict=True))
        return all(self.behind[name] == lags[self.layer_of[name]] for name, step in self.steps.items() if step.is_lif)

    def waiting(self) -> tuple[tuple[int, int, int], ...]:
        """`Relay.waiting` of each node whose rows wait: for other layers, or for a window of its own layer's pool."""
        behind: dict[str, int] = {}
        for step, read in self._reads():
            if self.layer_of[read.node] != self.layer_of[step.name] or read.above or read.below:
                behind[read.node] = max(behind.get(read.node, 0), self.behind[step.name] + read.above)
        return tuple((self._row_bytes(name), self.behind[name], rows) for name, rows in behind.items())

    def begun(self) -> tuple[tuple[int, ...], ...]:
        """[layers][rows + 1] bytes of begun rows of nodes that are not passed on; empty if no such node has windows."""
        found = []
        for layer in sorted({*self.layer_of.values()}):
            steps = self.facts.steps[layer]
            sizes = {step.name: self._row_bytes(step.name) for step in steps if step.name not in self.passed_on}
            wanted = has_windows(steps)
            rows = self.facts.layers[layer].rows.axis.rows_out
            found.append(tuple(begun_bytes(steps, rows, sizes).tolist()) if wanted else ())
        return tuple(found)

    def _row_bytes(self, name: str) -> int:
        return step_row_bytes(self.steps[name].tensor, self.facts.reals)
