"""How the array executes the chains of `channelN`, in words: needed to understand the cycles of a shared run."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.units import counted


def chain_notes(plan: Plan, sharing: Sharing) -> Iterator[str]:
    """One line for the layers that run all timesteps of a tile back to back, and one for each that cannot."""
    whole = alternating = 0
    fewer = set()
    layers = [
        (group, layer, traffic)
        for group in plan.groups
        for layer, traffic in zip(group.indices, group.layers, strict=True)
    ]
    for group, index, traffic in layers:
        layer, chains = plan.facts.layers[index].layer, traffic.tiling.cut.chains
        dataflow, shape = plan.chip.dataflow, plan.chip.shape
        if chains is not None and chains.alternating:
            alternating += 1
        elif chains is not None:
            whole += 1
            held, most = (dataflow.finishes(gemm_of(layer, one), shape).filters for one in (chains, None))
            if held is not None and most is not None and held < most:
                fewer.add(f"{counted(held, 'filter')} of {most}")
        if group.why:
            yield f"{layer.name} is not tick-batched: {group.why}"
    if not whole + alternating:
        return
    said = [f"{counted(whole, 'layer')} {'has' if whole == 1 else 'have'} them whole in a fold{_among(fewer)}"]
    said = said if whole else []
    said += [f"folds of {counted(alternating, 'layer')} alternate at every timestep"] if alternating else []
    why = "timestep t + 1 of a chain follows all its calls of timestep t, an order that none does not need"
    yield f"chains of channel{sharing.channels}: {', '.join(said)}; {why}"


def _among(fewer: set[str]) -> str:
    return f" ({' or '.join(sorted(fewer))})" if fewer else ""
