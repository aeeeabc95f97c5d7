"""SCALE-Sim's topology files (.csv) as workloads.

A topology has one layer per line: name, input height and width (including padding), filter height and width, channels,
filters, stride, and from version 2 on a second stride for the width. Version 3 adds a sparsity ratio N:M, of which only
dense ones (N = M) are accepted. A layer with "DP" in its name is depthwise: as many layers of one channel as it has
channels. A GEMM topology has name, M, N, K, and optionally a batch: that many multiplications with operands of their
own. A filter of one row that covers the width of its map is such a multiplication, too.

SCALE-Sim rounds the output size of strided layers up where a convolution rounds down: if the stride does not divide the
map, such layers are one row and column smaller here. Topologies describe no neurons, time or spikes: the workload has
one timestep, inputs that are all ones, and no LIF neurons.

Source: Samajdar et al., ISPASS 2020; Raj et al., ISPASS 2025; github.com/scalesim-project/SCALE-Sim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from lifsim.config.document import Mark
from lifsim.config.shapes import MAX_ELEMENTS
from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.imported import Imported
from lifsim.interchange.satasim import renamed, unique_names
from lifsim.interchange.scalesim_table import BATCH, NAME, NEUTRAL, SPARSITY, STRIDE_WIDTH, Line, Table, read_table
from lifsim.lazy_dataclass import dataclass

SOURCE = "SCALE-Sim (Samajdar et al., ISPASS 2020; github.com/scalesim-project/SCALE-Sim)"

MAX_EXTENT = 1 << 20
"""The largest maps, channels and filters, and channels that these make."""

MAX_WINDOW = 4096
"""The largest sliding filters, and strides."""

_DEPTHWISE = re.compile(r"depth.?wise|(?:^|[_-])dw(?:[_-]|\d|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Operation:
    """A convolution over [channels, height, width] without padding, in `groups` independent groups of channels and
    filters."""

    name: str
    in_shape: tuple[int, int, int]
    filters: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    groups: int = 1


def workload_from_scalesim(path: Path, name: str) -> Imported:
    """A LIFSim workload called `name`. Raises InputError with every fault of the file."""
    table = read_table(path)
    faults: list[Fault] = []
    layers = [_layer(table, line, faults) for line in table.lines]
    if not faults and not layers:
        faults.append(Fault("must have a layer below its header", source=str(path)))
    if not table.is_gemm:
        faults += _batch_faults(table)
    if faults:
        raise InputError(faults)
    found = [layer for layer in layers if layer is not None]
    names = unique_names([layer.name for layer in found])
    data = {
        "name": name,
        "description": f"Imported from {path.name}, a topology of SCALE-Sim",
        "source": f"{SOURCE}. Maps hold their padding; one timestep, no neurons.",
        "timesteps": 1,
        "input": {"shape": list(found[0].in_shape), "encoding": "rate"},
        "layers": [_entry(layer, unique, first=layer is found[0]) for layer, unique in zip(found, names, strict=True)],
        "spikes": {
            "source": "rates",
            "measured": False,
            "provenance": "SCALE-Sim computes every product: all inputs are ones",
            "rates": dict.fromkeys(names, 1.0),
        },
    }
    return Imported(
        data,
        (*table.notes, *_notes(table, found), *renamed([layer.name for layer in found], names, str(path))),
        {(): Mark(str(path))},
    )


def _layer(table: Table, line: Line, faults: list[Fault]) -> Operation | None:
    """The layer of a line; None if it has faults, which are added."""
    own: list[Fault] = []
    cells = _named(table, line, own)
    missing = [column for column in table.required if column not in cells]
    if missing:
        own.append(table.at(line.number, f"must have a value for {', '.join(missing)}"))
    sizes = {
        column: _size(table, line, column, cells[column], own)
        for column in (*table.required, STRIDE_WIDTH, BATCH)
        if column in cells
    }
    for column, neutral in NEUTRAL.items():
        if cells.get(column, str(neutral)) != str(neutral):
            message = f"{shown(cells[column])} must be {neutral}: SCALE-Sim knows no {column}"
            own.append(table.at(line.number, message, column))
    dense, _, block = (part.strip() for part in cells.get(SPARSITY, "1:1").partition(":"))
    if dense != block:
        message = f"{cells[SPARSITY]} must be dense, such as 1:1: LIFSim has no weight sparsity"
        own.append(table.at(line.number, message, SPARSITY))
    layer = None if own else _operation(cells.get(NAME, f"layer_{line.number}"), sizes)
    if layer is not None:
        own += [table.at(line.number, message, column) for column, message in _misfits(layer)]
    faults += own
    return layer


def _named(table: Table, line: Line, faults: list[Fault]) -> dict[str, str]:
    """The cells of the line by column. A cell that the header does not name is a sparsity N:M, or a number that
    SCALE-Sim v2 takes for the stride of the width and v3, in a GEMM, for the batch."""
    cells = dict(line.cells)
    number = BATCH if table.is_gemm else STRIDE_WIDTH
    for text in line.unnamed:
        column = SPARSITY if ":" in text else number
        if column in cells or column in table.columns:
            faults.append(table.at(line.number, f"{shown(text)} must stand in a column that the header names"))
        elif column == number:
            table.notes.append(table.at(line.number, f"{text} in a column without a name is taken for the {column}"))
        cells.setdefault(column, text)
    return cells


def _size(table: Table, line: Line, column: str, cell: str, faults: list[Fault]) -> int:
    limit = MAX_WINDOW if "stride" in column else MAX_EXTENT
    if re.fullmatch(r"[0-9]{1,9}", cell) and 1 <= int(cell) <= limit:
        return int(cell)
    faults.append(table.at(line.number, f"{shown(cell)} must be a whole number from 1 to {limit}", column))
    return 1


def _operation(name: str, size: dict[str, int]) -> Operation:
    """The operation of a line. A GEMM of M pixels, K products and N filters is a 1 x 1 convolution over a line of M
    pixels and K channels; so is a filter of one row over the width of its map. A `batch` of them becomes as many
    groups."""
    if "M" in size:
        times = size.get(BATCH, 1)
        return Operation(name, (size["K"] * times, 1, size["M"]), size["N"] * times, groups=times)
    height, width, rows, cols = (size[f"{of} {axis}"] for of in ("ifmap", "filter") for axis in ("height", "width"))
    channels, filters, down = size["channels"], size["filters"], size["stride"]
    stride = (down, size.get(STRIDE_WIDTH, down))
    if "DP" in name:
        return Operation(name, (channels, height, width), filters * channels, (rows, cols), stride, channels)
    if rows == 1 and cols == width > 1:
        return Operation(name, (channels * width, 1, height), filters, stride=(1, down))
    return Operation(name, (channels, height, width), filters, (rows, cols), stride)


def _misfits(layer: Operation) -> Iterator[tuple[str, str]]:
    """(column, message) of everything that a layer of LIFSim cannot be."""
    channels, *size = layer.in_shape
    for axis, extent, kernel in zip(("height", "width"), size, layer.kernel, strict=True):
        if kernel > extent:
            yield f"filter {axis}", f"{kernel} must be <= ifmap {axis} {extent}"
        elif kernel > MAX_WINDOW:
            yield f"filter {axis}", f"{kernel} must be <= {MAX_WINDOW}, or cover the width of its map in one row"
    for title, count in (("channels", channels), ("filters", layer.filters)):
        if count > MAX_EXTENT:
            yield title, f"{count} in all must be <= {MAX_EXTENT}"
    outputs = prod((layer.filters, *_outputs(layer)))
    for title, elements in (("inputs", prod(layer.in_shape)), ("outputs", outputs)):
        if elements > MAX_ELEMENTS:
            yield title, f"{elements} in all must be <= {MAX_ELEMENTS}"


def _batch_faults(table: Table) -> list[Fault]:
    """Faults of batches: a workload describes one image, and a run has one batch for all layers."""
    given = {line.cells.get(BATCH, "1") for line in table.lines}
    if len(given) <= 1:
        return []
    message = f"must be the same for all layers, is {', '.join(sorted(given)[:5])}: `lifsim run` has one --batch"
    return [table.at(table.header_line, message, BATCH)]


def _notes(table: Table, layers: list[Operation]) -> Iterator[Fault]:
    """Notes on layers that are not what one might expect."""
    source = str(table.path)
    batch = next((line.cells[BATCH] for line in table.lines if BATCH in line.cells), "1")
    if not table.is_gemm and batch != "1":
        yield Fault(f"{batch} images: a workload is of one; give `lifsim run` --batch {batch}", BATCH, source)
    depthwise = [layer.name for layer in layers if layer.groups > 1] if not table.is_gemm else []
    if depthwise:
        yield Fault(f"{_list(depthwise)}: depthwise, as SCALE-Sim reads names with DP in them", source=source)
    dense = [x.name for x in layers if x.groups == 1 and x.filters == 1 < x.in_shape[0] and _DEPTHWISE.search(x.name)]
    if dense:
        message = f"{_list(dense)}: dense with one filter, as in SCALE-Sim; depthwise layers have DP in their names"
        yield Fault(message, source=source)
    rounded = [_rounding(layer) for layer in layers if _outputs(layer) != _rounded_up(layer)]
    if rounded:
        message = (
            f"the stride does not divide the map, which SCALE-Sim rounds up and a convolution down: {_list(rounded)}"
        )
        yield Fault(message, source=source)
    yield Fault(
        "inputs are spikes, of one bit each (all ones); in SCALE-Sim they are words: bytes of inputs are not its own",
        source=source,
    )


def _outputs(layer: Operation) -> list[int]:
    """Rows and columns of a convolution."""
    axes = zip(layer.in_shape[1:], layer.kernel, layer.stride, strict=True)
    return [1 + (extent - kernel) // stride for extent, kernel, stride in axes]


def _rounded_up(layer: Operation) -> list[int]:
    """Rows and columns in SCALE-Sim: (extent - kernel + stride) / stride, rounded up."""
    axes = zip(layer.in_shape[1:], layer.kernel, layer.stride, strict=True)
    return [-((kernel - stride - extent) // stride) for extent, kernel, stride in axes]


def _rounding(layer: Operation) -> str:
    (rows, columns), (up, right) = _outputs(layer), _rounded_up(layer)
    return f"{layer.name} has {rows} x {columns} outputs here, {up} x {right} there"


def _list(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _entry(layer: Operation, name: str, *, first: bool) -> dict[str, Any]:
    """The layer as a workload has it. The first layer reads the network's input."""
    chain = {} if first else {"in_shape": list(layer.in_shape)}
    entry: dict[str, Any] = {"name": name, "op": "conv", **chain, "out": layer.filters, "kernel": list(layer.kernel)}
    if layer.stride != (1, 1):
        entry["stride"] = list(layer.stride)
    if layer.groups > 1:
        entry["groups"] = layer.groups
    return entry
