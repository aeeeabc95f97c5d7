"""The training mode: what its stages move, count and wait for."""
