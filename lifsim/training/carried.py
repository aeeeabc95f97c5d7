"""What goes from timestep to timestep in the backward pass: a gradient for each state variable, and with it the
variable itself where that is recomputed."""

from __future__ import annotations

from dataclasses import replace

from lifsim.model.arch import Precision
from lifsim.schedule.facts import StateFacts
from lifsim.schedule.tensors.storage import bytes_of


def carried(state: StateFacts, precision: Precision, *, states: bool) -> StateFacts:
    """The gradients of `state` as a state of their own: every row of gradients begins at a byte, and so does one of
    the undone variables beside them, if `states` are carried. Room reserved for calls at work grows with the row."""
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
    """Bits of an access of the membrane buffer in the backward pass, which gradients and membranes pass: of the
    wider."""
    return max(precision.of_gradients, precision.membrane_bits)
