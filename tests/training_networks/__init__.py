"""Training runs of random small networks, every figure of which an independent count must have, too."""
