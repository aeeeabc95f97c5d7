"""Writes results/keyword.nir, a small convolutional network as a framework's exporter would: its front end is a graph
within the graph. Needs nir."""

from pathlib import Path

import nir
import numpy as np

rng = np.random.default_rng(0)


def lif(*shape: int) -> nir.LIF:
    """Neurons that forget half of their membranes in 0.14 ms."""
    ones = np.ones(shape)
    return nir.LIF(tau=2e-4 * ones, r=ones, v_leak=0 * ones, v_threshold=ones, v_reset=0 * ones)


def weights(*shape: int) -> np.ndarray:
    """Random ones, large enough that something fires."""
    return rng.normal(0.1, 2 / np.sqrt(np.prod(shape[1:])), shape)


front = nir.NIRGraph(
    nodes={
        "input": nir.Input({"input": np.array([2, 16, 16])}),
        "conv": nir.Conv2d((16, 16), weights(8, 2, 3, 3), (1, 1), (1, 1), (1, 1), 1, np.zeros(8)),
        "lif": lif(8, 16, 16),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "output": nir.Output({"output": np.array([8, 8, 8])}),
    },
    edges=[("input", "conv"), ("conv", "lif"), ("lif", "pool"), ("pool", "output")],
    type_check=False,
)
graph = nir.NIRGraph(
    nodes={
        "input": nir.Input({"input": np.array([2, 16, 16])}),
        "front": front,
        "conv": nir.Conv2d((8, 8), weights(8, 8, 3, 3), (1, 1), (1, 1), (1, 1), 1, np.zeros(8)),
        "lif": lif(8, 8, 8),
        "again": nir.Conv2d((8, 8), weights(8, 8, 3, 3), (1, 1), (1, 1), (1, 1), 1, np.zeros(8)),
        "lif2": lif(8, 8, 8),
        "flat": nir.Flatten({"input": np.array([8, 8, 8])}, 0, -1),
        "fc": nir.Linear(weights(10, 512)),
        "readout": nir.LI(tau=np.full(10, 1e-3), r=np.ones(10), v_leak=np.zeros(10)),
        "output": nir.Output({"output": np.array([10])}),
    },
    edges=[
        ("input", "front"), ("front", "conv"), ("conv", "lif"), ("lif", "again"), ("again", "lif2"), ("lif2", "flat"),
        ("flat", "fc"), ("fc", "readout"), ("readout", "output"),
    ],
    type_check=False,
)  # fmt: skip
Path("results").mkdir(exist_ok=True)
nir.write("results/keyword.nir", graph)
