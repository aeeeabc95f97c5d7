"""A spiking network in plain Python, one number after the other, every spike counted. Knows nothing of lifsim.

Maps are nested lists [channels][rows][columns]. Membranes charge by u' = u + (x - u)/tau and fire at u' >= threshold;
the soft reset takes the threshold off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

Map = list[list[list[float]]]


@dataclass(frozen=True)
class Convolution:
    """Of stride 1, padded so that the map keeps its size, with a batch norm and a LIF layer of that name behind it.
    state: whose membranes the LIFs use."""

    name: str
    lif: str
    state: str


@dataclass
class Counts:
    """spikes: by LIF layer; fired: its neurons that ever did; neurons: of each; right: images classified rightly;
    near: calls that came so close to their threshold that rounding may decide."""

    spikes: dict[str, int] = field(default_factory=dict)
    fired: dict[str, set[tuple[int, int, int]]] = field(default_factory=dict)
    neurons: dict[str, int] = field(default_factory=dict)
    right: int = 0
    near: int = 0


@dataclass(frozen=True)
class Neuron:
    """tau and threshold of every LIF."""

    tau: float
    threshold: float


def count(
    layers: Sequence[Convolution],
    classifier: str,
    weights: Mapping[str, Any],
    neuron: Neuron,
    images: Sequence[Map],
    labels: Sequence[int],
    timesteps: int,
) -> Counts:
    """Show every image, the same at all timesteps; the class is that of the largest sum of outputs. weights: nested
    lists by `layer.weight`, `layer.bn.running_mean`, ..., of the classifier also `.bias`."""
    counts = Counts(fired={layer.lif: set() for layer in layers}, spikes={layer.lif: 0 for layer in layers})
    for image, label in zip(images, labels, strict=True):
        membranes: dict[str, dict[tuple[int, int, int], float]] = {layer.state: {} for layer in layers}
        outputs = [0.0 for _ in weights[f"{classifier}.bias"]]
        for _ in range(timesteps):
            values = image
            for layer in layers:
                values = _fire(_convolved(values, layer.name, weights), membranes[layer.state], neuron, layer, counts)
            flat = [value for channel in values for row in channel for value in row]
            for place, row in enumerate(weights[f"{classifier}.weight"]):
                outputs[place] += (
                    sum(w * x for w, x in zip(row, flat, strict=True)) + weights[f"{classifier}.bias"][place]
                )
        counts.right += outputs.index(max(outputs)) == label
    return counts


def _convolved(values: Map, name: str, weights: Mapping[str, Any]) -> Map:
    height, width = len(values[0]), len(values[0][0])
    out: Map = []
    for m, kernel in enumerate(weights[f"{name}.weight"]):
        gain, offset, mean, variance = (
            weights[f"{name}.bn.{term}"][m] for term in ("weight", "bias", "running_mean", "running_var")
        )
        half = len(kernel[0]) // 2
        rows = []
        for y in range(height):
            row = []
            for x in range(width):
                total = 0.0
                for c, taps in enumerate(kernel):
                    for r, tap_row in enumerate(taps):
                        for s, tap in enumerate(tap_row):
                            v, u = y + r - half, x + s - half
                            if 0 <= v < height and 0 <= u < width:
                                total += tap * values[c][v][u]
                row.append((total - mean) / sqrt(variance + 1e-5) * gain + offset)
            rows.append(row)
        out.append(rows)
    return out


def _fire(
    currents: Map, membranes: dict[tuple[int, int, int], float], neuron: Neuron, layer: Convolution, counts: Counts
) -> Map:
    spikes: Map = []
    neurons = 0
    for c, channel in enumerate(currents):
        spikes.append([])
        for y, row in enumerate(channel):
            spikes[c].append([])
            for x, current in enumerate(row):
                neurons += 1
                u = membranes.get((c, y, x), 0.0)
                u += (current - u) / neuron.tau
                counts.near += abs(u - neuron.threshold) < 3e-6
                if u >= neuron.threshold:
                    counts.spikes[layer.lif] += 1
                    counts.fired[layer.lif].add((c, y, x))
                    spikes[c][y].append(1.0)
                    u -= neuron.threshold
                else:
                    spikes[c][y].append(0.0)
                membranes[c, y, x] = u
    counts.neurons[layer.lif] = neurons
    return spikes
