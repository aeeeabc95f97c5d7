"""The nodes and edges of a NIR file (HDF5) as plain arrays; nodes of nested graphs have dotted names. Files are
untrusted: shapes and sizes are checked before memory is allocated, and links out of the file are not followed.

Source: Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15:8122, 2024.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.document import kind_at
from lifsim.config.file_kind import NIR, in_words
from lifsim.errors import Fault, InputError, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.processes.apart import read_apart
from lifsim.regular_file import open_regular
from lifsim.room import memory_bytes
from lifsim.trace.archive import DEFLATE_LIMIT
from lifsim.units import counted, format_bytes

MAX_NODES = 4000
COPIES = 3
"""Bytes of all arrays while they are passed on from the process that reads them."""

MAX_DEPTH = 8
"""The deepest nesting of graphs."""

PORT = "Port"
"""The types of the inputs and outputs of a nested graph: they pass on what they read."""

MAX_ELEMENTS = 1 << 29
"""Bytes of all arrays of a file."""


@dataclass(frozen=True)
class NirNode:
    """One node: its NIR type and its arrays; numbers are arrays without axes."""

    kind: str
    arrays: Mapping[str, NDArray[Any]]
    padding: str = ""  # of a convolution that has a word for it


@dataclass(frozen=True)
class NirGraph:
    """A graph. nodes: by name. edges: (from, to); several edges into a node are summed."""

    nodes: Mapping[str, NirNode]
    edges: tuple[tuple[str, str], ...]


def require_h5py() -> None:
    """Raises InputError if h5py is not installed."""
    if find_spec("h5py") is None:
        raise InputError(Fault('needs h5py: pip install "lifsim[nir]"', path="nir"))


def read_nir(path: Path) -> NirGraph:
    """The graph in the file at `path`. It is read in a process of its own, because HDF5's library may crash on
    damaged files. Raises InputError."""
    require_h5py()
    return read_apart(read_here, path, "HDF5's library")


def read_here(path: Path) -> NirGraph:
    """The graph in the file at `path`, read in this process, which damaged files may end. Raises InputError."""
    import h5py

    try:
        with open_regular(path) as opened, h5py.File(opened, "r") as file:
            return _Reader(str(path)).graph(file)
    except OSError as error:
        reason = error.strerror or "is damaged, cut off, or no HDF5 file"
        kind = kind_at(path)
        raise InputError(
            Fault(f"cannot be read: {reason}{in_words(kind) if kind != NIR else ''}", source=str(path))
        ) from None
    except (KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise InputError(Fault(f"is no NIR file that can be read: {str(error)[:200]}", source=str(path))) from None


@dataclass
class _Parts:
    """Nodes and edges read so far; for each nested graph, the ports that edges to and from it mean."""

    nodes: dict[str, NirNode] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    inputs: dict[str, list[str]] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)


class _Reader:
    """Reads one file, and counts the bytes that it asks for."""

    def __init__(self, source: str) -> None:
        self._source, self._elements, self._bytes, self._names = source, 0, 0, 0

    def graph(self, file: Any) -> NirGraph:
        top, parts = self._member(file, "node", ""), _Parts()
        kind = self._text(self._member(top, "type", "node"))
        if kind != "NIRGraph":
            raise self._fault("node", f"must be a NIRGraph, is {shown(kind)}")
        self._read(top, "", parts, 0)
        return NirGraph(parts.nodes, tuple(parts.edges))

    def _read(self, group: Any, within: str, parts: _Parts, depth: int) -> None:
        """Adds the content of a graph to `parts`. within: the names of the graphs around it, each followed by a dot."""
        place = within.rstrip(".") or "node"
        nodes = self._member(group, "nodes", place)
        names = list(nodes)
        self._names += len(names)
        if not names or self._names > MAX_NODES:
            raise self._fault(f"{within}nodes", f"must be 1 to {MAX_NODES}, are {self._names}")
        if depth > MAX_DEPTH:
            raise self._fault(place, f"must not lie in more than {counted(MAX_DEPTH, 'graph')} within each other")
        for name in names:
            full, node = within + name, self._member(nodes, name, place)
            kind = self._text(self._member(node, "type", full))
            if full in parts.nodes or full in parts.inputs:
                raise self._fault(full, "must be the name of one node: dots part those of graphs within graphs")
            if kind == "NIRGraph":
                parts.inputs[full], parts.outputs[full] = [], []
                self._read(node, f"{full}.", parts, depth + 1)
                continue
            if depth and kind in ("Input", "Output"):
                (parts.inputs if kind == "Input" else parts.outputs)[place].append(full)
                kind = PORT
            parts.nodes[full] = self._node(node, kind, full)
        edges = self._member(group, "edges", place)
        self._check(edges, f"{within}edges", 2 * MAX_NODES * 8)
        if edges.size is None or (edges.ndim != 2 and edges.size > 0) or (edges.ndim == 2 and edges.shape[1] != 2):
            raise self._fault(f"{within}edges", f"must be pairs of nodes, [N, 2], is {list(edges.shape or ())}")
        for first, second in edges[()]:
            start = self._port(within + _decoded(first), parts.outputs, "Output")
            parts.edges.append((start, self._port(within + _decoded(second), parts.inputs, "Input")))

    def _port(self, name: str, ports: Mapping[str, list[str]], kind: str) -> str:
        """The node that an edge means by `name`: for a nested graph, its only port."""
        found = ports.get(name, [name])
        if len(found) != 1:
            message = f"must have one {kind}, has {len(found)}: an edge says the graph, or {name}.NODE"
            raise self._fault(name, message)
        return found[0]

    def _node(self, node: Any, kind: str, name: str) -> NirNode:
        arrays, padding = dict[str, NDArray[Any]](), ""
        for key in self._keys(node):
            if key in ("type", "metadata"):
                continue
            data = self._member(node, key, name)
            self._check(data, f"{name}.{key}", MAX_ELEMENTS)
            if key == "padding" and data.dtype.kind == "O":
                padding = self._text(data)
            elif data.dtype.kind in "fiub":
                arrays[key] = np.asarray(data[()])
            elif key != "input_type":
                raise self._fault(f"{name}.{key}", f"must be numbers, is of type {data.dtype}")
        return NirNode(kind, arrays, padding)

    def _keys(self, group: Any) -> Iterator[str]:
        if len(group) > 100:
            raise self._fault(group.name, f"must have at most 100 entries, has {len(group)}")
        yield from group

    def _member(self, group: Any, key: str, path: str) -> Any:
        """The member of this name, which must be in the file itself, not a link to somewhere else."""
        import h5py

        if not isinstance(group, h5py.Group) or key not in group:
            raise self._fault(path, f"must have {key!r}: is it a NIR file?")
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise self._fault(f"{path}.{key}", "must be in the file itself, is a link to somewhere else")
        return group[key]

    def _check(self, data: Any, path: str, most: int) -> None:
        """Checks the size that a data set claims, before anything of it is read."""
        import h5py

        if not isinstance(data, h5py.Dataset):
            raise self._fault(path, "must be a data set")
        if data.is_virtual or data.external:
            raise self._fault(path, "must be in the file itself")
        elements = math.prod(data.shape or ())
        self._elements += elements
        self._bytes += elements * data.dtype.itemsize
        if elements > most or self._elements > MAX_ELEMENTS:
            raise self._fault(path, f"{list(data.shape)} must come to at most {min(most, MAX_ELEMENTS)} elements")
        if COPIES * self._bytes > memory_bytes():
            has, there = format_bytes(COPIES * self._bytes), format_bytes(memory_bytes())
            raise self._fault(path, f"{list(data.shape)} and what is before it needs {has}, must fit into {there}")
        stored = data.id.get_storage_size()
        if elements * data.dtype.itemsize > DEFLATE_LIMIT * max(stored, 1) and elements > 1:
            raise self._fault(
                path, f"{list(data.shape)} cannot be in the {counted(stored, 'byte')} that are stored of it"
            )

    def _text(self, data: Any) -> str:
        self._check(data, data.name, 1)
        return _decoded(data[()])

    def _fault(self, path: str, message: str) -> InputError:
        return InputError(Fault(message, path=path, source=self._source))


def _decoded(text: Any) -> str:
    decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    if not isinstance(decoded, str):
        raise ValueError(f"{shown(text)} must be text")
    return decoded
