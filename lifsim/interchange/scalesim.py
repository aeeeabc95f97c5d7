"""SCALE-Sim's topology files (.csv) as workloads.

A topology has one layer a line: name, input height and width (with the padding in them), filter height and width,
channels, filters, stride, and from version 2 on a second stride for the width. A line of version 3 may end in a
sparsity ratio N:M, of which only dense ones (N = M) can be taken over. A GEMM topology has name, M, N, K.

SCALE-Sim rounds the output size of strided layers up where a convolution rounds down, so that such layers are one row
and column smaller here if the stride does not divide the map. It says nothing of neurons, time or spikes: the workload
has one timestep, inputs that are all ones, and no LIF neurons.

Source: Samajdar et al., ISPASS 2020; Raj et al., ISPASS 2025; github.com/scalesim-project/SCALE-Sim.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.satasim import unique_names
from lifsim.interchange.text import read_text

SOURCE = "SCALE-Sim (Samajdar et al., ISPASS 2020; github.com/scalesim-project/SCALE-Sim)"

CONV_COLUMNS = ("ifmap height", "ifmap width", "filter height", "filter width", "channels", "filters", "stride")
GEMM_COLUMNS = ("M", "N", "K")
MAX_SIZE = 4096
MAX_CHANNELS = 1 << 20


@dataclass(frozen=True)
class Row:
    """One line of a topology. sizes: its numbers by column."""

    name: str
    sizes: dict[str, int]


def workload_from_scalesim(path: Path, name: str) -> dict[str, Any]:
    """A LIFSim workload called `name`, as plain data. Raises InputError with every fault of the file."""
    rows = _rows(path)
    names = unique_names([row.name for row in rows])
    return {
        "name": name,
        "description": f"Imported from {path.name}, a topology of SCALE-Sim",
        "source": f"{SOURCE}. Maps hold their padding; one timestep, no neurons.",
        "timesteps": 1,
        "input": {"shape": _in_shape(rows[0]), "encoding": "rate"},
        "layers": [_layer(row, unique, first=row is rows[0]) for row, unique in zip(rows, names, strict=True)],
        "spikes": {
            "source": "rates",
            "measured": False,
            "provenance": "SCALE-Sim computes every product: all inputs are ones",
            "rates": dict.fromkeys(names, 1.0),
        },
    }


def _rows(path: Path) -> list[Row]:
    try:
        lines = list(csv.reader(read_text(path).splitlines()))
    except csv.Error as error:
        raise InputError(Fault(f"must be comma-separated text: {error}", source=str(path))) from None
    cells = [
        (number, [cell.strip() for cell in line]) for number, line in enumerate(lines, 1) if any(map(str.strip, line))
    ]
    if not cells:
        raise InputError(Fault("must have a header and a layer", source=str(path)))
    header = [cell for cell in cells[0][1] if cell]
    if any(cell.isdigit() for cell in header[1:]):
        raise InputError(Fault("must be the header, which SCALE-Sim skips", source=str(path), line=cells[0][0]))
    is_gemm = [cell.upper() for cell in header[1:4]] in ([*GEMM_COLUMNS], ["M", "K", "N"])
    columns = tuple(cell.upper() for cell in header[1:4]) if is_gemm else CONV_COLUMNS
    faults: list[Fault] = []
    rows = [row for number, line in cells[1:] if (row := _row(line, columns, path, number, faults)) is not None]
    if not faults and not rows:
        faults.append(Fault("must have a layer below its header", source=str(path)))
    if faults:
        raise InputError(faults)
    return rows


def _row(cells: list[str], columns: tuple[str, ...], path: Path, line: int, faults: list[Fault]) -> Row | None:
    while cells and not cells[-1]:
        cells = cells[:-1]
    known = len(faults)

    def fault(message: str, column: str = "") -> None:
        faults.append(Fault(message, path=column, source=str(path), line=line))

    if cells and ":" in cells[-1]:
        dense, _, block = cells.pop().partition(":")
        if dense.strip() != block.strip():
            fault(f"{dense}:{block} must be dense, such as 1:1: LIFSim has no weight sparsity", "sparsity")
    if not 0 <= len(cells) - 1 - len(columns) <= (columns == CONV_COLUMNS):
        fault(f"must have a name and {len(columns)} numbers ({', '.join(columns)}), has {max(0, len(cells) - 1)}")
        return None
    widths = (*columns, "stride width")
    sizes = {column: _size(cell, column, fault) for column, cell in zip(widths, cells[1:], strict=False)}
    sizes.setdefault("stride width", sizes.get("stride", 1))
    for axis in ("height", "width") if columns == CONV_COLUMNS and len(faults) == known else ():
        if sizes[f"filter {axis}"] > sizes[f"ifmap {axis}"]:
            fault(f"{sizes[f'filter {axis}']} must be <= ifmap {axis} {sizes[f'ifmap {axis}']}", f"filter {axis}")
    return Row(cells[0] or f"layer_{line}", sizes) if len(faults) == known else None


def _size(cell: str, column: str, fault: Any) -> int:
    limit = MAX_CHANNELS if column in ("channels", "filters", "M", "N", "K") else MAX_SIZE
    if re.fullmatch(r"[0-9]{1,9}", cell) and 1 <= int(cell) <= limit:
        return int(cell)
    fault(f"{shown(cell)} must be a whole number from 1 to {limit}", column)
    return 1


def _in_shape(row: Row) -> list[int]:
    if "M" in row.sizes:
        return [row.sizes["K"], 1, row.sizes["M"]]
    return [row.sizes[column] for column in ("channels", "ifmap height", "ifmap width")]


def _layer(row: Row, name: str, *, first: bool) -> dict[str, Any]:
    """A GEMM of M pixels, K products and N filters is a 1 x 1 convolution over a line of M pixels and K channels."""
    chain = {} if first else {"in_shape": _in_shape(row)}
    size = row.sizes
    if "M" in size:
        return {"name": name, "op": "conv", **chain, "out": size["N"], "kernel": 1}
    kernel = [size["filter height"], size["filter width"]]
    stride = [size["stride"], size["stride width"]]
    return {"name": name, "op": "conv", **chain, "out": size["filters"], "kernel": kernel, "stride": stride}
