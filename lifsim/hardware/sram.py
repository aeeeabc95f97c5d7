"""Energy, leakage and area of an on-chip buffer, from CACTI 7 between its sizes.

Between two sizes of the table every figure is interpolated linearly in log(size), log(figure); beyond its ends (1 KiB
and 4 MiB) the mean slope of the last factor of four goes on. CACTI's optimiser changes the organisation from size to
size, so its figures step; the interpolation passes through every one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.hardware import tables
from lifsim.lazy_dataclass import dataclass
from lifsim.model.buffers import Buffer
from lifsim.model.schema import known

CACTI, TRANSISTORS, TEMPERATURE_K = "CACTI 7.0.3", "itrs-lop", 360
"""What all rows of the table were made by and for, leakage included."""


@dataclass(frozen=True)
class SramCost:
    """read_pj, write_pj: one access of the port's width. leakage_mw, area_mm2: of all banks together."""

    read_pj: float
    write_pj: float
    leakage_mw: float
    area_mm2: float


Figures = tuple[float, ...]

NO_SRAM = SramCost(read_pj=0.0, write_pj=0.0, leakage_mw=0.0, area_mm2=0.0)
"""A buffer of zero bytes is not built."""


def sram_cost(buffer: Buffer, technology_nm: int, name: str = "buffer") -> SramCost:
    """Cost of `buffer`: the figures it gives itself, else CACTI's. Raises InputError if CACTI's do not reach."""
    if buffer.size_bytes == 0:
        return NO_SRAM
    if buffer.read_pj is not None:
        return SramCost(buffer.read_pj, buffer.write_pj or 0.0, buffer.leakage_mw or 0.0, buffer.area_mm2 or 0.0)
    read_nj, write_nj, subthreshold_mw, gate_mw, area_mm2 = cacti(buffer, technology_nm, name)
    return SramCost(read_nj * 1e3, write_nj * 1e3, (subthreshold_mw + gate_mw) * buffer.banks, area_mm2)


def cacti(buffer: Buffer, technology_nm: int, name: str) -> Figures:
    """CACTI's [read nJ, write nJ, subthreshold leakage mW a bank, gate leakage mW a bank, area mm2]. Raises InputError
    if its table does not reach."""
    curve = _curves().get((technology_nm, buffer.port_bits, buffer.banks))
    if curve is None:
        raise InputError(uncovered(buffer, technology_nm, name))
    return curve(buffer.size_bytes)


def beyond_table(buffer: Buffer, technology_nm: int) -> tuple[int, int] | None:
    """The least and the most bytes for which CACTI's table has figures, where those of `buffer` are taken from beyond
    them; else None."""
    if buffer.size_bytes == 0 or buffer.read_pj is not None:
        return None
    sizes = _sizes()[technology_nm, buffer.port_bits, buffer.banks]
    return None if sizes[0] <= buffer.size_bytes <= sizes[1] else sizes


def uncovered(buffer: Buffer, technology_nm: int | None, name: str) -> list[Fault]:
    """What keeps CACTI's figures from pricing `buffer`, as far as that, and the technology (None), are known."""
    if known(buffer, "size_bytes", 1) == 0 or known(buffer, "read_pj", None) is not None:
        return []
    faults = []
    for key, place in (("port_bits", 1), ("banks", 2)):
        choices = _built(place, technology_nm)
        value = known(buffer, key, choices[0])
        if value not in choices:
            rule = f"{value} must be one of {', '.join(map(str, choices))} (the SRAM table), or give the costs"
            faults.append(Fault(rule, path=f"buffers.{name}.{key}"))
    return faults


@lru_cache(1 << 8)
def _built(place: int, technology_nm: int | None) -> list[int]:
    """What the table has at that place of its keys, of this technology or of all."""
    return sorted({curve[place] for curve in _curves() if technology_nm in (None, curve[0])})


@cache
def _curves() -> dict[tuple[int, int, int], Callable[[int], Figures]]:
    """(technology_nm, port_bits, banks) -> size in bytes -> the figures of `cacti`."""
    return {key: _curve(np.log(np.array(points))) for key, points in _table().items()}


@cache
def _sizes() -> dict[tuple[int, int, int], tuple[int, int]]:
    """(technology_nm, port_bits, banks) -> the least and the most bytes."""
    return {key: (int(points[0][0]), int(points[-1][0])) for key, points in _table().items()}


@cache
def _table() -> dict[tuple[int, int, int], list[tuple[float, ...]]]:
    """(technology_nm, port_bits, banks) -> from the smallest on, the size in bytes and the figures of `cacti`."""
    columns = ("size_bytes", "read_energy_nj", "write_energy_nj", "leakage_mw_per_bank", "gate_leakage_mw_per_bank")
    figures, points = itemgetter(*columns, "area_mm2"), dict[tuple[int, int, int], list[tuple[float, ...]]]()
    for row in tables.rows("cacti7_sram.csv"):
        key = (int(row["tech_nm"]), int(row["block_bytes"]) * 8, int(row["banks"]))
        points.setdefault(key, []).append(tuple(map(float, figures(row))))
    return {key: sorted(rows) for key, rows in points.items()}


def _curve(points: NDArray[np.float64]) -> Callable[[int], Figures]:
    """Log-log interpolation through `points` [n, 1 + figures] (already in logs), straight beyond both ends."""
    size, figures = points[:, 0], points[:, 1:]
    octaves = np.log(4.0)
    low, high = np.searchsorted(size, size[0] + octaves - 1e-9), np.searchsorted(size, size[-1] - octaves + 1e-9) - 1
    low_slope = (figures[low] - figures[0]) / (size[low] - size[0])
    high_slope = (figures[-1] - figures[high]) / (size[-1] - size[high])

    @lru_cache(1 << 8)
    def at(size_bytes: int) -> Figures:
        x = float(np.log(size_bytes))
        log_figures = np.array([np.interp(x, size, column) for column in figures.T])
        log_figures += min(x - size[0], 0.0) * low_slope + max(x - size[-1], 0.0) * high_slope
        return tuple(np.exp(log_figures).tolist())

    return at
