"""Skewed and plain strips of any height, wave by wave and row by row, with plain loops and sets: what they visit and
read.

Knows nothing of lifsim. Timestep t of a layer lies `t * skew + lag` rows behind the first layer at the first timestep;
wave w brings what lies so far behind to row (w + 1) * height of it. Along columns a band is such a wave.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Strips:
    """Of one layer on a map of so many rows, in a window of so many timesteps."""

    height: int
    skew: int
    lag: int
    rows: int
    timesteps: int

    def of(self, timestep: int) -> list[list[int]]:
        """By wave, the rows that are worked on at a timestep, of so many waves as all timesteps need."""
        behind, done = timestep * self.skew + self.lag, 0
        last = (self.timesteps - 1) * self.skew + self.lag
        waves = list[list[int]]()
        while len(waves) * self.height < last + self.rows:
            end = min(max((len(waves) + 1) * self.height - behind, 0), self.rows)
            waves.append(list(range(done, end)))
            done = end
        return waves

    def visits(self) -> int:
        """Waves in which any timestep has rows."""
        return sum(any(rows) for rows in zip(*self._every(), strict=True))

    def _every(self) -> list[list[list[int]]]:
        return [self.of(timestep) for timestep in range(self.timesteps)]

    def read(self, windows: list[set[int]]) -> tuple[list[int], list[int]]:
        """By timestep, input rows that all strips read, a row's `windows` being these, all that lies between the first
        and the last of a strip's with them; and those that the timestep before reads in the same wave from where it
        begins on."""
        needed, shared = [0] * self.timesteps, [0] * self.timesteps
        every = self._every()
        for timestep, waves in enumerate(every):
            for wave, rows in enumerate(waves):
                mine = _between(rows, windows)
                needed[timestep] += len(mine)
                if timestep and rows and every[timestep - 1][wave]:
                    above = _between(every[timestep - 1][wave], windows)
                    shared[timestep] += len({row for row in range(max(mine) + 1) if above and row >= min(above)})
        return needed, shared


def _between(rows: list[int], windows: list[set[int]]) -> set[int]:
    found = set[int]().union(*(windows[row] for row in rows))
    return set(range(min(found), max(found) + 1)) if found else set()


def waiting(width: int, columns: int, lag: int) -> int:
    """Columns that are done by who leads and not by who lies `lag` behind, at the fullest border of bands."""
    most = border = 0
    while border < columns + lag:
        most = max(most, sum(border - lag <= column < border for column in range(columns)))
        border += width
    return most


def handed_over(width: int, columns: int, lags: list[int]) -> int:
    """Columns that a call finds in a later band than the call before it; lags: of all calls, in order."""
    bands = [[(column + lag) // width for column in range(columns)] for lag in lags]
    return sum(
        now > before for call, behind in enumerate(bands[1:]) for before, now in zip(bands[call], behind, strict=True)
    )


def plain(height: int, lag: int, rows: int) -> list[list[int]]:
    """By strip that has any, the rows of a layer so many `rows` high that lies `lag` behind the first one: a strip ends
    so far above its end, the last one at the end of the map."""
    count = -(-rows // height)
    ends = [rows if strip == count - 1 else max(0, (strip + 1) * height - lag) for strip in range(count)]
    every = [list(range(begin, min(end, rows))) for begin, end in zip([0, *ends], ends, strict=False)]
    return [strip for strip in every if strip]


def rows_from(strips: list[list[int]], windows: list[set[int]], first: int) -> int:
    """Input rows, from `first` on, that all strips read, a row's `windows` being these."""
    return sum(row >= first for strip in strips for row in _between(strip, windows))
