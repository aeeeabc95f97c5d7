"""Strips: layers that share one state run a few output rows at a time.

In strip s of n = ceil(E/h), layer i computes output rows s*h - d_i ... (s+1)*h - d_i - 1 of E (the last strip: to the
end). Its lag d_i is its predecessor's, or that of the layer whose spikes it convolves plus half its kernel, if that is
more. A row of state lives from the first layer's strip to the last one's: h + D rows are at work, D the last lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifsim.schedule.facts import NetworkFacts, StateFacts, TensorFacts


@dataclass(frozen=True)
class Relay:
    """A relay: layers first..last of one state (an index), E = `rows` output rows each.

    lags: of each layer. waiting: for each tensor that stays between the layers, its bytes per row, its producer's lag,
    and the rows that its readers lie behind: their lag plus half their kernel.
    """

    state: int
    first: int
    last: int
    rows: int
    state_row_bytes: int
    lags: tuple[int, ...]
    waiting: tuple[tuple[int, int, int], ...]

    def heights(self) -> list[int]:
        """One height for each number of strips from two on: one strip is a layer as a whole."""
        return [int(height) for height in np.unique(-(-self.rows // np.arange(2, self.rows + 1)))]

    def starts(self, layer: int, height: int) -> tuple[int, ...]:
        """First output row of each strip in which a layer has work."""
        strips = -(-self.rows // height)
        begins = (strip * height - self.lags[layer - self.first] for strip in range(1, strips))
        return (0, *(row for row in begins if row > 0))

    def state_window_bytes(self, height: int) -> int:
        """Membranes at work, per image."""
        return min(self.rows, height + self.lags[-1]) * self.state_row_bytes

    def spike_window_bytes(self, height: int) -> int:
        """Spikes between the layers that later layers or the next strip need, per image."""
        tail = self.rows - (-(-self.rows // height) - 1) * height
        return sum(
            min(self.rows, max(height - lag, tail) + behind) * row_bytes for row_bytes, lag, behind in self.waiting
        )


def strip_relays(facts: NetworkFacts, first: int, last: int) -> tuple[Relay, ...]:
    """The relays within first..last that can be computed in strips."""
    found = []
    for index, state in enumerate(facts.states):
        if len(state.layers) > 1 and first <= state.layers[0] and state.layers[-1] <= last:
            relay = _relay(facts, index, state)
            if relay is not None:
                found.append(relay)
    return tuple(found)


def _relay(facts: NetworkFacts, index: int, state: StateFacts) -> Relay | None:
    first, last = state.layers[0], state.layers[-1]
    others = {layer for other in facts.states if other is not state for layer in other.layers}
    members = range(first, last + 1)
    if others.intersection(members) or any(facts.layers[layer].when == "last" for layer in members):
        return None
    if any(facts.layers[layer].rows.axis.rows_out != state.rows for layer in members):
        return None
    inner = [tensor for tensor in facts.tensors.values() if tensor.producer in members and _read_in(tensor, members)]
    if not all(_row_by_row(facts, tensor, members, state.rows) for tensor in inner):
        return None
    lags = _lags(facts, inner, members)
    waiting = tuple(
        (tensor.row_bytes, lags[_producer(tensor) - first], _rows_behind(facts, tensor, members, lags))
        for tensor in inner
    )
    return Relay(index, first, last, state.rows, state.row_bytes, lags, waiting)


def _producer(tensor: TensorFacts) -> int:
    return -1 if tensor.producer is None else tensor.producer


def _read_in(tensor: TensorFacts, members: range) -> bool:
    return any(layer in members for layer in tensor.readers)


def _row_by_row(facts: NetworkFacts, tensor: TensorFacts, members: range, rows: int) -> bool:
    """Whether output row y of every reader needs only rows around y of a tensor that is there at every timestep."""
    if tensor.rows != rows or tensor.when != "every" or any(layer in members for layer in tensor.operands):
        return False
    axes = [facts.layers[layer].rows.axis for layer in tensor.inputs if layer in members]
    return all(axis.stride == 1 and axis.kernel == 2 * axis.padding + 1 for axis in axes)


def _lags(facts: NetworkFacts, inner: list[TensorFacts], members: range) -> tuple[int, ...]:
    lags: list[int] = []
    for layer in members:
        half = facts.layers[layer].rows.axis.kernel // 2
        sources = [lags[_producer(tensor) - members[0]] + half for tensor in inner if layer in tensor.inputs]
        lags.append(max([0, *lags[-1:], *sources]))
    return tuple(lags)


def _rows_behind(facts: NetworkFacts, tensor: TensorFacts, members: range, lags: tuple[int, ...]) -> int:
    """How many rows the reader that is last with a row lies behind the first layer."""
    convolve = [
        lags[layer - members[0]] + facts.layers[layer].rows.axis.kernel // 2
        for layer in tensor.inputs
        if layer in members
    ]
    add = [lags[layer - members[0]] for layer in tensor.residuals if layer in members]
    return max(convolve + add)
