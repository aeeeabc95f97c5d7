"""The parts of `cycles` in words."""

CAUSES = {
    "array": "array at work",
    "fill_drain": "array filling and draining",
    "lif": "LIF units, array waits",
    "stall_weights": "waiting for weights",
    "stall_spikes": "waiting for spikes",
    "stall_membrane": "waiting for membranes",
    "stall_writeback": "waiting for writeback",
}
