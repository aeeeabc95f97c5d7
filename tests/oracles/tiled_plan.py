"""A plan of one layer, walked: tile after tile, fold after fold, timestep after timestep, every element an increment.

Nothing here is fast or closed. A tile is worked off whole before the next one begins; what waits between two folds and
what lives between two timesteps are sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Tile = tuple[range, range]
"""Pixels and filters."""


@dataclass(frozen=True)
class Machine:
    """An array of rows x cols, its psum buffer of `psum_bytes`, `registers` for membranes of which `chain` outputs use
    one in turn."""

    dataflow: str
    rows: int
    cols: int
    psum_bits: int
    psum_bytes: int
    registers: int
    chain: int = 1


@dataclass
class Walked:
    """blocks: by visit, cycles between two finished sets of outputs. passes: of a timestep, outputs of each. spilled:
    bytes of psums, one way. most_beside, beside: states that the registers do not hold, at a time and in all; reads,
    writes: of these."""

    array: int = 0
    fill_drain: int = 0
    folds: int = 0
    inputs: int = 0
    weights: int = 0
    outputs: int = 0
    psum_reads: int = 0
    psum_writes: int = 0
    spilled: int = 0
    most_beside: int = 0
    beside: int = 0
    reads: int = 0
    writes: int = 0
    blocks: list[list[int]] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)

    @property
    def cycles(self) -> int:
        return self.array + self.fill_drain


def tiles_of(starts: list[int], pixels: int, width: int, filters: int, inputs_outer: bool) -> list[Tile]:
    """Row tiles that begin at `starts`, filter tiles of `width`, in the order in which they are worked off."""
    rows = [range(first, end) for first, end in zip(starts, [*starts[1:], pixels], strict=True)]
    columns = [range(first, min(first + width, filters)) for first in range(0, filters, width)]
    if inputs_outer:
        return [(row, column) for row in rows for column in columns]
    return [(row, column) for column in columns for row in rows]


def parts(whole: range, size: int) -> list[range]:
    return [whole[first : first + size] for first in range(0, len(whole), size)]


def walk(
    machine: Machine,
    tiles: list[Tile],
    products: int,
    rounds: int,
    timesteps: int,
    *,
    tick_batched: bool,
    ones: list[list[int]] | None = None,
) -> Walked:
    """One group of a layer. timesteps: in which the LIFs fire, all on the currents of the last of the `rounds` where
    these are fewer. ones: [rounds][pixels] that a row works through where zeros take no cycle."""
    walker = _Walker(machine, products, timesteps, ones)
    visits = [list(range(rounds))] if tick_batched else [[t] for t in range(rounds)]
    for visit in visits:
        walker.count.blocks.append([])
        for pixels, filters in tiles:
            work = {"os": walker.output_stationary, "ws": walker.weight_stationary, "is": walker.input_stationary}
            work[machine.dataflow](pixels, filters, visit)
    for pixels, filters in tiles:
        for columns in parts(filters, machine.cols):
            for rows in parts(pixels, machine.rows):
                walker.count.passes.append(len(rows) * len(columns))
    return walker.count


@dataclass
class _Walker:
    machine: Machine
    products: int
    timesteps: int
    ones: list[list[int]] | None
    count: Walked = field(default_factory=Walked)

    def output_stationary(self, pixels: range, filters: range, visit: list[int]) -> None:
        for columns in parts(filters, self.machine.cols):
            for rows in parts(pixels, self.machine.rows):
                for t in visit:
                    before = self.count.cycles
                    self.count.folds += 1
                    self.count.array += max(self.ones[t][p] for p in rows) if self.ones else self.products
                    self.count.fill_drain += self.machine.rows + self.machine.cols - 2
                    self.count.inputs += self.products * len(rows)
                    self.count.weights += self.products * len(columns)
                    self.count.outputs += len(rows) * len(columns)
                    self.count.blocks[-1].append(self.count.cycles - before)
                self.fire({(p, f) for p in rows for f in columns})

    def weight_stationary(self, pixels: range, filters: range, visit: list[int]) -> None:
        for columns in parts(filters, self.machine.cols):
            before, sums = self.count.cycles, {}
            for rows in self.reductions():
                self.load(sums)
                self.count.weights += len(rows) * len(columns)
                for p in pixels:
                    for t in visit:
                        self.count.array += 1
                        self.count.inputs += len(rows)
                        for f in columns:
                            self.add(sums, (t, p, f), len(rows))
            self.finish(sums)
            self.count.blocks[-1].append(self.count.cycles - before)
            for p in pixels:  # the timesteps of a pixel follow each other
                self.fire({(p, f) for f in columns})

    def input_stationary(self, pixels: range, filters: range, visit: list[int]) -> None:
        for columns in parts(pixels, self.machine.cols):
            for t in visit:
                before, sums = self.count.cycles, {}
                for rows in self.reductions():
                    self.load(sums)
                    self.count.inputs += len(rows) * len(columns)
                    for f in filters:
                        self.count.array += 1
                        self.count.weights += len(rows)
                        for p in columns:
                            self.add(sums, (t, p, f), len(rows))
                self.finish(sums)
                self.count.blocks[-1].append(self.count.cycles - before)
            self.fire({(p, f) for p in columns for f in filters})

    def reductions(self) -> Iterator[range]:
        yield from parts(range(self.products), self.machine.rows)

    def load(self, sums: dict[tuple[int, int, int], int]) -> None:
        """A fold begins: what stays is loaded row by row, and what waits must have room."""
        self.count.folds += 1
        self.count.fill_drain += 2 * self.machine.rows + self.machine.cols - 2
        waiting = -(-len(sums) * self.machine.psum_bits // 8)
        self.count.spilled += max(0, waiting - self.machine.psum_bytes)

    def add(self, sums: dict[tuple[int, int, int], int], key: tuple[int, int, int], products: int) -> None:
        self.count.psum_reads += key in sums
        self.count.psum_writes += 1
        self.count.outputs += 1
        sums[key] = sums.get(key, 0) + products

    def finish(self, sums: dict[tuple[int, int, int], int]) -> None:
        """Finished sums are read by what takes them."""
        assert set(sums.values()) == {self.products}
        self.count.psum_reads += len(sums)

    def fire(self, outputs: set[tuple[int, int]]) -> None:
        """The membranes of these outputs live through all timesteps."""
        states = -(-len(outputs) // self.machine.chain)
        beside = max(0, states - self.machine.registers)
        self.count.most_beside = max(self.count.most_beside, beside)
        self.count.beside += beside
        for t in range(self.timesteps):
            self.count.reads += beside * (t > 0)
            self.count.writes += beside
