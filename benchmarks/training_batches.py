"""What a training batch costs: networks, batches and sharings, each with its membranes stored, reversed and recomputed.

    python benchmarks/training_batches.py [WORKLOAD...]

An image's share of a batch on sata_training: DRAM MB, MB of membranes kept for the way back, million cycles, mJ (of it
work). A table in Markdown, the one of docs/model.md; ten minutes on one core.
"""

from __future__ import annotations

import sys
from itertools import product

import lifsim

NETWORKS = ("vgg16_cifar10", "resnet19_cifar10")
BATCHES = (1, 16)
SHARINGS = ("none", "layer", "channel4", "layer+channel2")
KEPT = ("stored", "reversed", "recomputed")


def cell(workload: str, batch: int, sharing: str, bptt: str) -> str:
    """What one run says."""
    result = lifsim.run("sata_training", workload, sharing, mode="training", bptt=bptt, batch=batch)
    totals, energy = result.totals, result.totals.energy_pj.total
    dram, kept = totals.dram_bytes.total / batch / 1e6, totals.lif_memory_bytes.backward / batch / 1e6
    cycles = totals.cycles.total / batch / 1e6
    return f"{dram:.1f}, {kept:.2f}, {cycles:.1f}, {energy.total / batch / 1e9:.1f} ({energy.work / batch / 1e9:.1f})"


def main(networks: list[str]) -> None:
    """Print the table, a row as soon as it is there."""
    print(f"| network, batch | sharing | {' | '.join(KEPT)} |\n|---|---|{'---|' * len(KEPT)}")
    for network, batch, sharing in product(networks or NETWORKS, BATCHES, SHARINGS):
        cells = [cell(network, batch, sharing, bptt) for bptt in KEPT]
        print(f"| {network}, {batch} | {sharing} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
