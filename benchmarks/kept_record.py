"""What the points of a sweep cost, as a file: replays of it are the same on every machine."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from benchmarks.sweep_record import Cache, Node

MICRO = 1e6
"""Costs are kept in whole microseconds."""


def keep(record: dict[int, Node], path: Path) -> None:
    """Write `record`. Nodes and caches are numbered; of each node its cost, cache and children, of each cache its limit
    and owner."""
    nodes, caches = dict[Node, int](), dict[Cache, int]()
    todo = list(record.values())
    while todo:
        node = todo.pop()
        if node not in nodes:
            nodes[node] = len(nodes)
            todo += node.children
            if node.cache is not None:
                caches.setdefault(node.cache, len(caches))
                todo += [node.cache.owner] if node.cache.owner else []
    kept = {
        "points": {str(point): nodes[node] for point, node in record.items()},
        "caches": [[cache.limit, nodes[cache.owner] if cache.owner else None] for cache in caches],
        "nodes": [
            [round(node.seconds * MICRO), caches[node.cache] if node.cache else None, [nodes[c] for c in node.children]]
            for node in nodes
        ],
    }
    path.write_bytes(gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), mtime=0))


def kept(path: Path) -> dict[int, Node]:
    """The record that `keep` has written."""
    found = json.loads(gzip.decompress(path.read_bytes()))
    nodes = [Node(seconds=micro / MICRO) for micro, _, _ in found["nodes"]]
    caches = [Cache(limit, None if owner is None else nodes[owner]) for limit, owner in found["caches"]]
    for node, (_, cache, children) in zip(nodes, found["nodes"], strict=True):
        node.cache = None if cache is None else caches[cache]
        node.children = [nodes[child] for child in children]
    return {int(point): nodes[number] for point, number in found["points"].items()}
