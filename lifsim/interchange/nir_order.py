"""The order in which the nodes of a NIR graph can be computed."""

from __future__ import annotations

from lifsim.errors import Fault, InputError
from lifsim.interchange.nir_file import NirGraph


def ordered(graph: NirGraph, source: str) -> tuple[list[str], dict[str, list[str]]]:
    """The nodes, each behind those that it reads, and what each reads. Raises InputError."""
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    faults = []
    for first, second in graph.edges:
        if first not in before or second not in before:
            faults.append(Fault(f"{first} -> {second} must join nodes of the graph", path="edges", source=source))
        else:
            before[second].append(first)
    kinds = [node.kind for node in graph.nodes.values()]
    faults += [
        Fault(f"must have one {kind}, has {kinds.count(kind)}", path="nodes", source=source)
        for kind in ("Input", "Output")
        if kinds.count(kind) != 1
    ]
    if faults:
        raise InputError(faults)
    order: list[str] = []
    done: set[str] = set()
    while len(order) < len(before):
        ready = [name for name, reads in before.items() if name not in done and done.issuperset(reads)]
        if not ready:
            left = sorted(set(before) - done)
            message = (
                f"must have no cycle, {', '.join(left[:10])} are in or behind one: LIFSim has no recurrent inputs; "
                "leave out the edges that lead back"
            )
            raise InputError(Fault(message, path="edges", source=source))
        order += ready
        done.update(ready)
    return order, before
