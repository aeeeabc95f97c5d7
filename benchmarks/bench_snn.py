"""Is the engine as fast as SpikingJelly on PyTorch, on the CPU, with the same network, weights, images and threads?

    pip install -r benchmarks/requirements.txt
    python benchmarks/bench_snn.py                  # prints the tables of docs/validation.md
    python benchmarks/bench_snn.py --rounds 20 --rate 0.25
    python benchmarks/bench_snn.py --only training  # LIFSim's step, its peers' and the ratio, on one thread and on two

Inference of EfficientLIF-Net's full-width VGG-16, T = 5, 32 x 32, and a training step of digits_cnn. Both sides run in
turn in one process, so that whatever else the machine does falls on both; the figures are the medians (and the lowest)
of the rounds. Peak memory is of a process of its own each. SpikingJelly runs multi-step and single-step; the faster
counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import lifsim
from lifsim.engine.calibration import calibrated_weights
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.optimiser import Sgd
from lifsim.engine.weights import BN_TERMS, Weights
from lifsim.engine.workers import Workers
from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.network import Lif, Network, Pool
from lifsim.neurons.lif import LifNeuron

CASES = [(threads, batch) for threads in (1, 2) for batch in (1, 8)]


def vgg16(rate: float | None) -> tuple[Network, Weights]:
    """The network, and weights that fire at the workload's rates, or all layers at one rate."""
    network = lifsim.load_workload("vgg16_efficientlif_cifar10", ["neuron.reset=hard"])
    if rate is not None:
        rates: dict[str, tuple[float, ...]] = dict.fromkeys(network.spikes.rates, (rate,))
        network = replace(network, spikes=replace(network.spikes, rates=rates))
    x = encode(network, images(network, 4))
    return network, calibrated_weights(network, lifsim.Sharing(), x, 0, Workers())


def images(network: Network, batch: int) -> np.ndarray:
    """Normal pixels."""
    return np.random.default_rng(1).standard_normal((batch, *network.nodes[0].output.shape), np.float32)


class Jelly:
    """The same chain of layers in SpikingJelly, with the same weights."""

    def __init__(self, network: Network, weights: Weights, step_mode: str) -> None:
        import torch
        from spikingjelly.activation_based import functional, layer, neuron, surrogate

        self.torch, self.functional, self.timesteps, self.mode = torch, functional, network.timesteps, step_mode
        made: list[torch.nn.Module] = []
        static = 0
        for node in network.nodes[1:]:
            match node:
                case Conv():
                    made.append(
                        layer.Conv2d(
                            node.in_shape[0],
                            node.output.shape[0],
                            node.kernel,
                            node.stride,
                            node.padding,
                            bias=node.bias,
                        )
                    )
                case Linear():
                    made += [layer.Flatten()] if len(network.node(node.inputs[0]).output.shape) == 3 else []
                    made.append(layer.Linear(node.in_features, node.output.shape[0], bias=node.bias))
                case Pool(kind=kind):
                    made.append((layer.MaxPool2d if kind == "max" else layer.AvgPool2d)(node.kernel, node.stride))
                case Lif(neuron=LifNeuron() as lif):
                    reset = lif.u_reset if lif.reset == "hard" else None
                    atan = surrogate.ATan(2.0)
                    made.append(neuron.LIFNode(lif.tau, lif.decay_input, lif.threshold, reset, atan, detach_reset=True))
            if isinstance(node, Conv | Linear):
                self._load(made[-1], weights, f"{node.name}.weight", f"{node.name}.bias" if node.bias else None)
                if node.batch_norm:
                    flat = isinstance(node, Linear)
                    made.append((layer.BatchNorm1d if flat else layer.BatchNorm2d)(node.output.shape[0]))
                    self._load(made[-1], weights, *(f"{node.name}.{term}" for term in BN_TERMS))
            static = len(made) if node.output.timesteps == 1 else static
        self.static, self.spiking = torch.nn.Sequential(*made[:static]), torch.nn.Sequential(*made[static:])
        functional.set_step_mode(self.spiking, step_mode)

    def _load(self, module: object, weights: Weights, *names: str | None) -> None:
        torch = self.torch
        for attribute, name in zip(("weight", "bias", "running_mean", "running_var"), names, strict=False):
            if name is not None:
                getattr(module, attribute).data = torch.from_numpy(weights[name].copy())

    def outputs(self, x: Any) -> Any:
        """[T, B, F]."""
        drive = self.static(x)
        if self.mode == "m":
            out = self.spiking(drive.unsqueeze(0).repeat(self.timesteps, *[1] * drive.ndim))
        else:
            out = self.torch.stack([self.spiking(drive) for _ in range(self.timesteps)])
        self.functional.reset_net(self.spiking)
        return out

    def infer(self, x: Any) -> Any:
        """Outputs in evaluation."""
        self.static.eval(), self.spiking.eval()
        with self.torch.inference_mode():
            return self.outputs(x)

    def trainer(self, x: Any, labels: Any) -> Callable[[], object]:
        """A training step: forward, backward, SGD with momentum."""
        self.static.train(), self.spiking.train()
        parameters = [*self.static.parameters(), *self.spiking.parameters()]
        optimiser = self.torch.optim.SGD(parameters, 0.01, 0.9)

        def step() -> None:
            optimiser.zero_grad()
            self.torch.nn.functional.cross_entropy(self.outputs(x).mean(0), labels).backward()
            optimiser.step()

        return step


def alternate(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call, one after the other, `rounds` times after two to warm up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for index in range(rounds + 2):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if index >= 2:
                times[name].append(1e3 * (time.perf_counter() - start))
    return times


def report(title: str, times: dict[str, list[float]], memory: dict[str, int]) -> str:
    """A row of the table."""
    others = [name for name in times if name != "lifsim"]
    best = min(others, key=lambda name: median(times[name]))
    cells = [f"{median(times[name]):.0f} ({min(times[name]):.0f})" for name in times]
    ratio = median(theirs / ours for theirs, ours in zip(times[best], times["lifsim"], strict=True))
    peak = [f"{memory[name]}" for name in memory]
    return " | ".join([f"| {title}", *cells, f"{ratio:.2f} x", *peak]) + " |"


def inference(rounds: int, rate: float | None) -> None:
    """The table of inference."""
    import torch

    network, weights = vgg16(rate)
    print("| threads, batch | LIFSim ms | multi-step ms | single-step ms | LIFSim is faster | LIFSim MB | PyTorch MB |")
    print("|---|---|---|---|---|---|---|")
    for threads, batch in CASES:
        torch.set_num_threads(threads)
        x = images(network, batch)
        engine = Engine(network, lifsim.Sharing(), weights, workers=Workers(threads))
        modes = {"multi-step": Jelly(network, weights, "m"), "single-step": Jelly(network, weights, "s")}
        encoded, tensor = encode(network, x), torch.from_numpy(x)
        calls: dict[str, Callable[[], object]] = {"lifsim": partial(engine.run, encoded)}
        calls |= {name: partial(jelly.infer, tensor) for name, jelly in modes.items()}
        difference = np.abs(engine.run(encoded).outputs - modes["multi-step"].infer(tensor).numpy())
        memory = {side: peak_mb(side, threads, batch, rate) for side in ("lifsim", "torch")}
        print(report(f"{threads}, {batch}", alternate(calls, rounds), memory), flush=True)
        agree = (difference < 1e-3).all(axis=(0, 2)).mean()
        print(f"outputs of {100 * agree:.0f} % of the images equal within 1e-3", file=sys.stderr)


def training(rounds: int) -> None:
    """The table of training steps."""
    import torch

    network = lifsim.load_workload("digits_cnn")
    weights = random_weights(network, 0)
    labels = np.random.default_rng(2).integers(0, 10, 64)
    print("\n| threads, batch | LIFSim ms | multi-step ms | single-step ms | LIFSim is faster |")
    print("|---|---|---|---|---|")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        x = images(network, 64)
        learner = Learner(network, lifsim.Sharing(), workers=Workers(threads))
        state: dict[str, dict[str, np.ndarray]] = {"weights": dict(weights), "memory": {}}

        def step(learner: Learner = learner, x: np.ndarray = x, state: dict[str, Any] = state) -> None:
            run = learner.forward(state["weights"], x[None])
            gradients = run.backward(cross_entropy(run.outputs, labels)[1])
            after, state["memory"] = Sgd(0.0, 0.9).step(state["weights"], gradients, state["memory"], 0.01)
            state["weights"] = after | run.running_statistics()

        tensors = torch.from_numpy(x), torch.from_numpy(labels)
        calls: dict[str, Callable[[], object]] = {"lifsim": step}
        for name, mode in (("multi-step", "m"), ("single-step", "s")):
            calls[name] = Jelly(network, weights, mode).trainer(*tensors)
        print(report(f"{threads}, 64", alternate(calls, rounds), {}), flush=True)


def peak_mb(side: str, threads: int, batch: int, rate: float | None) -> int:
    """Peak memory of a process that runs the network three times on one side only."""
    arguments = ["--alone", side, "--threads", str(threads), "--batch", str(batch)]
    arguments += [] if rate is None else ["--rate", str(rate)]
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def alone(side: str, threads: int, batch: int) -> None:
    """Run one side alone and print the peak of its memory."""
    network = lifsim.load_workload("vgg16_efficientlif_cifar10", ["neuron.reset=hard"])
    weights, x = random_weights(network, 0), images(network, batch)
    if side == "lifsim":
        engine = Engine(network, lifsim.Sharing(), weights, workers=Workers(threads))
        for _ in range(3):
            engine.run(encode(network, x))
    else:
        import torch

        torch.set_num_threads(threads)
        jelly = Jelly(network, weights, "m")
        for _ in range(3):
            jelly.infer(torch.from_numpy(x))
    status = Path("/proc/self/status").read_text()  # getrusage would count the parent that forked this process
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rate", type=float, help="spike rate of all layers (default: the workload's)")
    parser.add_argument("--only", choices=["inference", "training"], help="one table")
    parser.add_argument("--alone", choices=["lifsim", "torch"], help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        alone(given.alone, given.threads, given.batch)
        return
    if given.only != "training":
        inference(given.rounds, given.rate)
    if given.only != "inference":
        training(given.rounds)


if __name__ == "__main__":
    main()
