"""How long does `--schedule auto` search, and how does that grow with the layers? `python -m benchmarks.search`.

CPU seconds of this process, so that what else runs hides little; the load of the machine is told beside them. Nothing
is read or compiled meanwhile: a small network is planned first.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import numpy as np

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import choices_of
from lifsim.schedule.partition import allowed, dram_bytes, fewest, no_matter
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.search import contenders
from lifsim.units import noun_of
from tests.schedule.networks import Op, network

SHIPPED = [
    ("vgg16_cifar10", "none", 1),
    ("vgg16_cifar10", "layer", 1),
    ("vgg16_imagenet100", "layer", 1),
    ("resnet19_imagenet100", "none", 1),
    ("resnet19_imagenet100", "channel4", 1),
    ("resnet19_imagenet100", "layer-where-possible", 1),
    ("resnet19_imagenet100", "none", 16),
]
"""Workload, sharing, images."""

LAYERS = (16, 32, 64, 128, 256)
"""Of the stacks: with `layer` sharing all of one state."""


def stack(layers: int, *, residual: bool = False) -> Network:
    """Convolutions of 64 channels on maps of 16 x 4, 4 timesteps; residual: every second one adds what the one before
    reads."""
    operations: list[Op] = []
    for number in range(layers):
        operations.append({"name": f"conv{number}", "op": "conv", "out": 64, "kernel": 3, "padding": 1})
        if residual and number > 1 and number % 2 == 0:
            both = [f"conv{number}", f"lif{number - 2}"]
            operations.append({"name": f"add{number}", "op": "add", "inputs": both})
        operations.append({"name": f"lif{number}", "op": "lif"})
    return network(operations, (64, 16, 4), 4)


def far(layers: int) -> Network:
    """Every second layer of a plain stack adds what half of them before it made."""
    operations: list[Op] = []
    for number in range(layers):
        operations.append({"name": f"conv{number}", "op": "conv", "out": 64, "kernel": 3, "padding": 1})
        if number >= layers // 2 and number % 2 == 0:
            both = [f"conv{number}", f"lif{number - layers // 2}"]
            operations.append({"name": f"add{number}", "op": "add", "inputs": both})
        operations.append({"name": f"lif{number}", "op": "lif"})
    return network(operations, (64, 16, 4), 4)


def searched(what: Network, sharing: str, batch: int = 1) -> tuple[float, int]:
    """CPU seconds from the network to its plan on sata128, and how many groups of several layers were planned."""
    arch = load_arch("sata128")
    begun = time.process_time()
    states, memo = states_of(what, Sharing.parse(sharing)), Memo()
    choices = choices_of(what, states, Chip.of(arch), batch, None, memo, None)
    found = allowed(choices, ScheduleOptions("auto", batch), contenders)
    fewest(found, dram_bytes, no_matter)
    return time.process_time() - begun, sum(choice.end - choice.first > 1 for choice in found)


def told(name: str, what: Network, sharing: str = "none", batch: int = 1) -> float:
    """The seconds, printed with the rest."""
    seconds, planned = searched(what, sharing, batch)
    layers, groups = noun_of(len(what.layers), "layer"), noun_of(planned, "group")
    print(
        f"{name:50} {len(what.layers):4} {layers:6} {seconds:8.2f} s {planned:6} {groups:6} planned",
        flush=True,
    )
    return seconds


def main(layers: Sequence[int]) -> None:
    """Shipped networks, then stacks of so many `layers` with the exponent that fits their seconds."""
    searched(load_workload("lenet5_mnist"), "none")
    print(f"CPU seconds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for workload, sharing, batch in SHIPPED:
        told(f"{workload}, {sharing}, batch {batch}", load_workload(workload), sharing, batch)
    kinds: dict[str, Callable[[int], Network]] = {
        "plain": stack,
        "residual": partial(stack, residual=True),
        "far residual": far,
    }
    for (kind, of), sharing in product(kinds.items(), ("none", "layer")):
        name = f"{kind} stack, {sharing}"
        seconds = [told(name, of(count), sharing) for count in layers]
        if len(layers) > 1:
            print(f"{name}: seconds as layers to the {np.polyfit(np.log(layers), np.log(seconds), 1)[0]:.2f}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or LAYERS)
