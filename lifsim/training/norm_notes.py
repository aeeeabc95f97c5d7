"""Notes on the batch norms of a training run."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.hardware.gemm import ceil_div
from lifsim.keeping import Keeping
from lifsim.model.network import Layer, Network
from lifsim.model.product import Product
from lifsim.note import Note
from lifsim.schedule.norms import Norms
from lifsim.schedule.plan import Plan
from lifsim.units import counted


def norm_notes(network: Network, batch: int) -> Iterator[str]:
    """Over what their statistics are taken, what that rules out, and where they are those of a single value."""
    if not any(isinstance(node, Product) and node.batch_norm for node in network.nodes):
        return
    if network.norm_statistics == "frozen":
        yield "batch norms are frozen: a part of the weights, free, and not trained"
        return
    norms = Norms.of(network)
    images = "one image's map" if batch == 1 else f"all {batch} images"
    when = "all timesteps together" if network.norm_statistics == "all_timesteps" else "each timestep"
    yield (
        f"neurons behind {counted(len(norms.layers), 'batch norm')} wait for statistics of {images}, {when}: no strips"
        " and no smaller chunks across them (norm_statistics: frozen takes none)"
    )
    single = [
        layer.name for layer in network.layers if layer.index in norms.layers and _values(layer, norms, batch) == 1
    ]
    if single:
        nothing = "statistics of one value say nothing"
        brief = f"{nothing}: {counted(len(single), 'layer')} must have a larger batch"
        yield Note(f"{nothing}: {', '.join(single)} must have a larger batch to be trained", brief)


DECISIVE = 0.01
"""Share of all cycles from which on it matters that sums of statistics take none."""


def statistics_note(network: Network, batch: int, units: int, cycles: int) -> Iterator[str]:
    """What statistics would take by themselves of the `cycles` of a training run, whose gradient units, so many, add up
    what the array puts out while it works on the next: a value of each unit in a cycle."""
    layers = [network.layers[index] for index in sorted(Norms.of(network).layers)]
    alone = sum(ceil_div(batch * layer.rounds * layer.pixels * layer.filters, units) for layer in layers)
    if alone:
        share = f"{alone / cycles:.2%}"
        hidden = (
            "batch statistics are summed up while the array works, and a channel's mean, variance and root are free"
        )
        said = f"{hidden}: by themselves the sums would take {counted(alone, 'cycle')}, {share} of the run's"
        brief = f"batch statistics take no time of their own: at most {share} more cycles"
        yield Note(said, brief if alone >= DECISIVE * cycles else "")


def _values(layer: Layer, norms: Norms, batch: int) -> int:
    """The number of values in the statistics of a channel."""
    return batch * layer.pixels * (layer.rounds if layer.index in norms.over_time else 1)


def twice_note(plan: Plan, batch: int, keeping: Keeping) -> Iterator[str]:
    """Which products run twice under `plan`: the fewest bytes need not be the fewest cycles."""
    from lifsim.training.norm_sums import norm_sums
    from lifsim.training.sizes import TrainingSizes

    sizes = TrainingSizes(plan.facts, plan.chip, batch, keeping)
    norms = {layer.name: norm_sums(sizes, layer, plan.group_of(layer.index)) for layer in sizes.layers}
    twice = [name for name, norm in norms.items() if norm is not None and norm.way == "twice"]
    again = [name for name, norm in norms.items() if norm is not None and norm.recomputed_twice]
    for names, why in (
        (twice, "for their statistics"),
        (again, "in the recomputation, once for each pass of the norm"),
    ):
        if names:
            yield (
                f"the products of {', '.join(names)} run twice {why}, which moves fewer bytes than their"
                " sums would and keeps the array busy twice as long"
            )
