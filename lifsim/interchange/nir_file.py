"""The nodes and edges of a NIR file (HDF5), as plain arrays. Untrusted: shapes and sizes are checked before memory is
asked for, and nothing outside of the file is followed.

Source: Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15:8122, 2024.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError, shown
from lifsim.processes.pool import Lost, Pool
from lifsim.regular_file import open_regular
from lifsim.trace.archive import DEFLATE_LIMIT

MAX_NODES = 4000
MAX_ELEMENTS = 1 << 29
"""Of all arrays of a file."""


@dataclass(frozen=True)
class NirNode:
    """One node: its type as NIR calls it, and its arrays; numbers are arrays of no axis."""

    kind: str
    arrays: Mapping[str, NDArray[Any]]
    padding: str = ""  # of a convolution that has a word for it


@dataclass(frozen=True)
class NirGraph:
    """nodes by name; edges: (from, to), what goes into one node is summed."""

    nodes: Mapping[str, NirNode]
    edges: tuple[tuple[str, str], ...]


def require_h5py() -> None:
    """Raises InputError where it is not installed."""
    if find_spec("h5py") is None:
        raise InputError(Fault('needs h5py: pip install "lifsim[nir]"', path="nir"))


def read_nir(path: Path) -> NirGraph:
    """The graph in the file at `path`. HDF5's library may crash on files that are damaged: it runs in a process of its
    own. Raises InputError."""
    require_h5py()
    with closing(Pool(_reader, 1)) as pool:
        ((_, answer),) = pool.answers([path])
    if isinstance(answer, Lost):
        message = f"is damaged: HDF5's library ends with exit code {answer.status} over it"
        raise InputError(Fault(message, source=str(path)))
    return answer


def _reader() -> Callable[[Path], NirGraph]:
    """What a worker does."""
    return _read


def _read(path: Path) -> NirGraph:
    import h5py

    try:
        with open_regular(path) as opened, h5py.File(opened, "r") as file:
            return _Reader(str(path)).graph(file)
    except OSError as error:
        reason = error.strerror or "is damaged, cut off, or no HDF5 file"
        raise InputError(Fault(f"cannot be read: {reason}", source=str(path))) from None
    except (KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise InputError(Fault(f"is no NIR file that can be read: {str(error)[:200]}", source=str(path))) from None


class _Reader:
    """Reads one file, and counts what is asked for."""

    def __init__(self, source: str) -> None:
        self._source, self._elements = source, 0

    def graph(self, file: Any) -> NirGraph:
        top = self._member(file, "node", "")
        kind = self._text(self._member(top, "type", "node"))
        if kind != "NIRGraph":
            raise self._fault("node", f"must be a NIRGraph, is {shown(kind)}")
        nodes = self._member(top, "nodes", "node")
        names = list(nodes)
        if not 0 < len(names) <= MAX_NODES:
            raise self._fault("nodes", f"must be 1 to {MAX_NODES}, are {len(names)}")
        edges = self._member(top, "edges", "node")
        self._check(edges, "edges", 2 * MAX_NODES * 8)
        pairs = tuple((_decoded(a), _decoded(b)) for a, b in edges[()])
        return NirGraph({name: self._node(nodes, name) for name in names}, pairs)

    def _node(self, nodes: Any, name: str) -> NirNode:
        node = self._member(nodes, name, "nodes")
        kind = self._text(self._member(node, "type", name))
        arrays, padding = dict[str, NDArray[Any]](), ""
        if kind == "NIRGraph":
            raise self._fault(name, "is a graph in a graph: flatten it, and note that LIFSim has no recurrent inputs")
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
        """What is linked in the file itself, once."""
        import h5py

        if not isinstance(group, h5py.Group) or key not in group:
            raise self._fault(path, f"must have {key!r}: is it a NIR file?")
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise self._fault(f"{path}.{key}", "must be in the file itself, is a link to somewhere else")
        return group[key]

    def _check(self, data: Any, path: str, most: int) -> None:
        """Before anything of a data set is read: what its file claims that it holds."""
        import h5py

        if not isinstance(data, h5py.Dataset):
            raise self._fault(path, "must be a data set")
        if data.is_virtual or data.external:
            raise self._fault(path, "must be in the file itself")
        elements = math.prod(data.shape or ())
        self._elements += elements
        if elements > most or self._elements > MAX_ELEMENTS:
            raise self._fault(path, f"{list(data.shape)} must come to at most {min(most, MAX_ELEMENTS)} elements")
        stored = data.id.get_storage_size()
        if elements * data.dtype.itemsize > DEFLATE_LIMIT * max(stored, 1) and elements > 1:
            raise self._fault(path, f"{list(data.shape)} cannot be in the {stored} bytes that are stored of it")

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
