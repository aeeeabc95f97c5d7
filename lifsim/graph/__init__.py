"""Analyses of a network under a sharing, each done once: states, relays of calls, readers, when tensors are there."""
