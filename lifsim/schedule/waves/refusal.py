"""Why layers cannot run in waves, whatever the buffers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.tensors.storage import element_bits, map_shape
from lifsim.schedule.timestep.strips import strip_relays
from lifsim.schedule.waves.bands.turned import columns_of, turned
from lifsim.schedule.window import Window, cut_into
from lifsim.units import counted


def not_fused(facts: NetworkFacts, first: int, last: int, window: Window) -> Iterator[str]:
    """Of layers first..last, in windows of so many timesteps, all timesteps of a strip back to back."""
    members = range(first, last + 1)
    for state in (facts.states[number] for number in facts.states_of(first, last)):
        shared = state.layers[bisect_left(state.layers, first) : bisect_right(state.layers, last)]
        if shared and len(state.layers) > 1:
            yield f"{_names(facts, shared)} share membranes, which pass from layer to layer at every timestep"
    yield from _not_by_rows(facts, members)
    if len(window.spans(facts.timesteps)) > 1:
        for index in members:
            if cut_into(facts.layers[index].layer) == 1 and facts.timesteps > 1:
                yield f"{_names(facts, [index])} hands on once what all timesteps read, whose windows would part them"


def not_chained(facts: NetworkFacts, index: int) -> str:
    """Why a layer whose channels share membranes cannot run several timesteps back to back."""
    return f"chains of {facts.layers[index].layer.name!r} can neither be whole in a fold nor take turns"


def not_skewed(facts: NetworkFacts, first: int, last: int) -> Iterator[str]:
    """Of layers first..last, timesteps behind one another."""
    members = range(first, last + 1)
    spans = {(relay.first, relay.last) for relay in strip_relays(facts, first, last)}
    if (first, last) in spans:
        return
    if not any((state.layers[0], state.layers[-1]) == (first, last) for state in facts.states):
        yield f"{_names(facts, members)} are not the layers of one state"
        return
    why = list(_not_by_rows(facts, members))
    yield from why or [
        "their strips have not the same rows: a stride, or a window that is not as high above as beneath"
    ]


def not_banded(facts: NetworkFacts, first: int, last: int) -> Iterator[str]:
    """Of layers first..last, which can be skewed, in bands of columns."""
    if not facts.psums.dataflow.takes_parts_of_rows:
        yield f"{facts.psums.dataflow.name} works on whole rows"
    across, members = turned(facts), range(first, last + 1)
    if not any((relay.first, relay.last) == (first, last) for relay in strip_relays(across, first, last)):
        yield f"{_names(facts, members)} have not the same columns, or a window that is not as wide to both sides"
    for index in members:
        own, axis = facts.layers[index], across.layers[index].rows.axis
        if own.when != "every":
            yield f"{own.layer.name!r} is computed once for all timesteps, and its currents wait"
        if own.layer.flat or map_shape(own.layer.input.shape)[1:] != (own.rows.axis.rows_in, axis.rows_in):
            yield f"{own.layer.name!r} reads no map of rows and columns"
    whole = {
        tensor.name: tensor
        for index in members
        for tensor in (*facts.layers[index].layer.outputs, *facts.layers[index].layer.residuals)
    }
    for index in members:  # between their windows are columns that are not read
        if across.layers[index].rows.axis.stride > across.layers[index].rows.axis.kernel:
            whole[facts.layers[index].layer.input.name] = facts.layers[index].layer.input
    for tensor in whole.values():
        bits = map_shape(tensor.shape)[0] * element_bits(tensor, facts.reals)
        if bits % 8:
            yield f"a pixel of {tensor.name!r} has {counted(bits, 'bit')}, which are no whole bytes"
    state = next((state for state in facts.states if state.layers[0] == first), None)
    if state is not None and state.row_bytes % columns_of(facts.layers[first]):
        yield f"a neuron's membranes of {_names(facts, members)} are no whole bytes in all channels"


def _not_by_rows(facts: NetworkFacts, members: range) -> Iterator[str]:
    for index in members:
        own = facts.layers[index]
        if own.when == "last":
            yield f"{own.layer.name!r} is behind a mean over time, which needs all timesteps of all rows"
        if own.layer.operand is not None:
            yield f"{own.layer.name!r} multiplies two tensors of spikes, of one of which it needs all rows"
    for tensor in facts.made(members[0], members[-1]):
        if tensor.when != "every" and any(reader in members for reader in tensor.readers):
            yield f"{tensor.name!r} is the same at all timesteps, or there at the last one, and others of them read it"


def _names(facts: NetworkFacts, indices: Sequence[int]) -> str:
    names = [repr(facts.layers[index].layer.name) for index in (indices[0], indices[-1])]
    return names[0] if len(indices) == 1 else " to ".join(names)
