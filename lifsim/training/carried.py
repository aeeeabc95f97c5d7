"""What is carried from timestep to timestep in the backward pass: a gradient for each state variable, and the variable
itself if it is recomputed."""

from __future__ import annotations

from dataclasses import replace

from lifsim.model.arch import Precision
from lifsim.schedule.facts import StateFacts
from lifsim.schedule.tensors.storage import bytes_of


def carried(state: StateFacts, precision: Precision, *, states: bool) -> StateFacts:
    """The gradients of `state` as a state of their own. Every row of gradients begins at a byte, and so does each row
    of undone variables, if `states` are carried. Room reserved for calls at work grows with the row."""
    elements = state.values // (state.rows * state.variables)
    row = state.variables * bytes_of(elements * precision.of_gradients) + (state.row_bytes if states else 0)

    def grown(size: int) -> int:
        return -(-size * row // state.row_bytes)

    return replace(
        state,
        row_bytes=row,
        parted=replace(state.parted, window=grown(state.parted.window)),
        granule=grown(state.granule),
    )


def membrane_buffer_bits(precision: Precision) -> int:
    """Bits of an access to the membrane buffer in the backward pass: of a gradient or a membrane, whichever is
    wider."""
    return max(precision.of_gradients, precision.membrane_bits)
