"""Membrane bytes if a state stays on chip from the first to the last of its consecutive LIF calls, call by call.

It walks every timestep and call in network order and knows nothing else: a state comes in when the call before was on
another state (never the zero state) and goes out when the call behind is (never the last state).
"""

from __future__ import annotations

from collections.abc import Sequence


def membrane_bytes(calls: Sequence[str], sizes: dict[str, int], timesteps: int) -> tuple[int, int]:
    """(read, written). calls: the state of every LIF call of a timestep, in order; sizes: bytes of each state."""
    everything = [(timestep, call) for timestep in range(timesteps) for call in range(len(calls))]
    read = written = 0
    for timestep, call in everything:
        state = calls[call]
        ran_before = timestep > 0 or state in calls[:call]
        runs_again = timestep < timesteps - 1 or state in calls[call + 1 :]
        begins = call == 0 or calls[call - 1] != state
        ends = call == len(calls) - 1 or calls[call + 1] != state
        read += sizes[state] * (begins and ran_before)
        written += sizes[state] * (ends and runs_again)
    return read, written
