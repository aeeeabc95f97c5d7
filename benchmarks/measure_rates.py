"""Spike rates per layer and timestep of a trace of boolean arrays, as the `rates:` of a workload.

    python benchmarks/measure_rates.py vgg16_cifar10.npz conv1 conv2 ... fc1

reads arrays [T, C, H, W] or [T, F] in layer order, named as given (default: as in the file). A first layer of nothing
but ones is the analogue image of direct encoding and left out. Rates are rounded to five places.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from lifsim.units import counted


def main(path: Path, names: list[str]) -> None:
    """Prints one line per layer."""
    with np.load(path, allow_pickle=False) as trace:
        if names and len(names) != len(trace.files):
            raise SystemExit(f"{path} has {counted(len(trace.files), 'layer')}, not {len(names)}")
        for index, (key, name) in enumerate(zip(trace.files, names or trace.files, strict=True)):
            spikes = trace[key]
            if index == 0 and spikes.all():
                continue
            rates = spikes.reshape(len(spikes), -1).mean(axis=1)
            print(f"    {name}: [{', '.join(f'{rate:.5f}' for rate in rates)}]")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
