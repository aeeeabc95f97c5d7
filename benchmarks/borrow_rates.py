"""Spike rates of a network that was never recorded: those measured on another one, at the same relative depth.

    python benchmarks/borrow_rates.py resnet19_cifar10
    python benchmarks/borrow_rates.py vgg16_imagenet100 vgg9_cifar10

prints the `rates:` of the first workload, from those of the second. The depth of a tensor is the number of weight
layers on the longest way to it, relative to that of the network's; between the depths of the lender, mean over its
timesteps, rates are interpolated. Layers of the lender behind a mean over time are left out. What counts spikes, as an
average pool does, is zero only if all are: 1 - (1 - rate)^levels, taken as independent.
"""

from __future__ import annotations

import sys

import numpy as np

import lifsim


def depths(network: lifsim.Network) -> dict[str, float]:
    """Of the inputs of all layers, by layer: 0 what comes from outside, 1 what a last layer puts out."""
    layers = {layer.name: layer for layer in network.layers}
    behind: dict[str, int] = {}
    for node in network.nodes:
        before = max((behind[name] for name in node.inputs), default=0)
        behind[node.name] = before + (node.name in layers)
    deepest = max(behind.values())
    return {name: behind[layer.input.name] / deepest for name, layer in layers.items()}


def borrowed(network: lifsim.Network, lender: lifsim.Network) -> dict[str, float]:
    """By layer that reads spikes, its rate, to three places."""
    place, known = depths(lender), lender.spikes.rates
    known = {name: rates for name, rates in known.items() if len(rates) == lender.timesteps}
    at = sorted((place[name], float(np.mean(rates))) for name, rates in known.items())
    deep, found = depths(network), {}
    for layer in network.layers:
        depth, levels = deep[layer.name], layer.input.levels
        if depth > 0:
            rate = float(np.interp(depth, [depth for depth, _ in at], [rate for _, rate in at]))
            found[layer.name] = round(1 - (1 - rate) ** (levels or 1), 3)
    return found


def main(name: str, lender: str = "vgg9_cifar10") -> None:
    """Prints one line per layer."""
    for layer, rate in borrowed(lifsim.load_workload(name), lifsim.load_workload(lender)).items():
        print(f"    {layer}: {rate:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
