"""The vectors of tests/reference/neurons.npz, from the neurons of snnTorch and Norse on PyTorch.

    pip install torch==2.13.0 snntorch==1.0.0 norse==1.1.0
    python benchmarks/make_neuron_vectors.py tests/reference

Nothing of LIFSim is imported. Each case is one layer of neurons on real-valued inputs x [T, N], timestep after
timestep; its `keys` are the `neuron:` that a workload has for it. Inputs are such that no membrane comes within 1e-5 of
its threshold, but for those of the cases that are exact in binary, which meet it; and that no membrane is left above it
by snnTorch's reset in the same step, which would subtract from it before it fires. Made on one thread of an x86-64 CPU.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from typing import Any

import numpy as np
import snntorch
import torch
from norse.torch.functional.lif import LIFFeedForwardState, LIFParameters, lif_feed_forward_step

TIMESTEPS, NEURONS, SEED, MARGIN = 32, 16, 11, 1e-5
DT = 0.001

Step = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]]
"""Spikes, membrane and current (None: the neuron has none) that one timestep of input leaves."""


@dataclass(frozen=True)
class Case:
    """keys: the neuron in LIFSim's words. begin: a step function with a state at rest. scale: deviation of its inputs.
    exact: whether its factors and inputs are, so that membranes may meet the threshold. current_factor: the current is
    kept multiplied by it."""

    source: str
    keys: dict[str, Any]
    begin: Callable[[], Step]
    scale: float
    exact: bool = False
    current_factor: float = 1.0


def synaptic(alpha: Any, beta: Any, **options: Any) -> Callable[[], Step]:
    def begin() -> Step:
        neuron = snntorch.Synaptic(alpha=torch.as_tensor(alpha), beta=torch.as_tensor(beta), **options)
        state: list[torch.Tensor] = list(neuron.reset_mem())

        def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            spikes, state[0], state[1] = neuron(x, *state) if state[0].numel() else neuron(x)
            return spikes, state[1], state[0]

        return step

    return begin


def leaky(beta: float, **options: Any) -> Callable[[], Step]:
    def begin() -> Step:
        neuron = snntorch.Leaky(beta=beta, **options)
        state = [torch.zeros(NEURONS)]

        def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
            spikes, state[0] = neuron(x, state[0])
            return spikes, state[0], None

        return step

    return begin


def norse(tau_mem_inv: float, tau_syn_inv: float, v_reset: float) -> Callable[[], Step]:
    def begin() -> Step:
        parameters = LIFParameters(
            tau_syn_inv=torch.as_tensor(tau_syn_inv),
            tau_mem_inv=torch.as_tensor(tau_mem_inv),
            v_reset=torch.as_tensor(v_reset),
        )
        state = [LIFFeedForwardState(v=torch.zeros(NEURONS), i=torch.zeros(NEURONS))]

        def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            spikes, state[0] = lif_feed_forward_step(x, state[0], parameters, DT)
            return spikes, state[0].v, state[0].i

        return step

    return begin


def cases() -> Iterator[Case]:
    common = {"model": "cuba_lif", "decay_input": False, "fires": "above"}
    for (alpha, beta), mechanism, late in product(((0.9, 0.8), (0.5, 0.75)), ("subtract", "zero"), (True, False)):
        keys = common | {
            "tau_syn": 1 / (1 - alpha),
            "tau_mem": 1 / (1 - beta),
            "reset": "soft" if mechanism == "subtract" else "hard",
            "reset_step": "next" if late else "this",
        }
        begin = synaptic(alpha, beta, reset_mechanism=mechanism, reset_delay=late)
        exact = alpha == 0.5
        yield Case("snnTorch Synaptic", keys, begin, 0.35 if exact else 0.12, exact)
    betas = np.linspace(0.5, 0.95, NEURONS)
    keys = common | {"tau_syn": 4.0, "tau_mem": (1 / (1 - betas)).tolist(), "reset_step": "next"}
    yield Case("snnTorch Synaptic, one beta a neuron", keys, synaptic(0.75, betas.astype(np.float32)), 0.2)
    for mechanism, late in product(("subtract", "zero"), (True, False)):
        keys = {
            "model": "lif",
            "decay_input": False,
            "fires": "above",
            "tau": 1 / (1 - 0.75),
            "reset": "soft" if mechanism == "subtract" else "hard",
            "reset_step": "next" if late else "this",
            "reset_order": "before_leak" if late and mechanism == "zero" else "after_leak",
        }
        yield Case("snnTorch Leaky", keys, leaky(0.75, reset_mechanism=mechanism, reset_delay=late), 0.5, exact=True)
    for tau_mem_inv, tau_syn_inv, v_reset in ((100.0, 200.0, 0.0), (400.0, 100.0, -0.25)):
        keys = {
            "model": "cuba_lif",
            "tau_mem": 1 / (DT * tau_mem_inv),
            "tau_syn": 1 / (DT * tau_syn_inv),
            "reset": "hard",
            "u_reset": v_reset,
        }
        begin = norse(tau_mem_inv, tau_syn_inv, v_reset)
        yield Case("Norse LIF", keys, begin, 180 / tau_mem_inv, current_factor=1 - DT * tau_syn_inv)


def run(case: Case, x: np.ndarray) -> dict[str, np.ndarray]:
    step, spikes, membranes, currents = case.begin(), [], [], []
    for row in torch.as_tensor(x):
        fired, membrane, current = step(row)
        spikes.append(fired.detach().numpy().astype(np.uint8))
        membranes.append(membrane.detach().numpy().copy())
        if current is not None:
            currents.append(current.detach().numpy().copy())
    found = {"spikes": np.stack(spikes), "membrane": np.stack(membranes)}
    return found | ({"current": np.stack(currents)} if currents else {})


def inputs(case: Case) -> np.ndarray:
    """Normal, and for exact cases rounded to quarters; drawn again where a membrane is where it must not be."""
    for seed in count(SEED):
        x = np.random.default_rng(seed).normal(0.4 * case.scale, case.scale, (TIMESTEPS, NEURONS)).astype(np.float32)
        x = (np.round(x * 4) / 4).astype(np.float32) if case.exact else x
        found = run(case, x)
        is_near = not case.exact and np.abs(found["membrane"] - 1).min() <= MARGIN
        stays_above = case.keys.get("reset_step") != "next" and (found["membrane"] > 1).any()
        if not (is_near or stays_above):
            return x
    raise AssertionError("never")


def main(folder: str) -> None:
    torch.set_num_threads(1)
    arrays: dict[str, np.ndarray] = {}
    for number, case in enumerate(cases()):
        x = inputs(case)
        parts = run(case, x) | {"x": x, "current_factor": np.array(case.current_factor)}
        parts |= {"source": np.array(case.source), "keys": np.array(json.dumps(case.keys))}
        arrays |= {f"c{number:02d}_{name}": part for name, part in parts.items()}
        print(number, case.source, f"rate {parts['spikes'].mean():.3f}", f"meets {(parts['membrane'] == 1).sum()}")
    np.savez_compressed(Path(folder) / "neurons.npz", allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
