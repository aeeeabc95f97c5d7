"""The subject in every title: which network on which machine, timesteps, images."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted


@dataclass(frozen=True)
class Subject:
    """The subject of a figure. networks: their names. machine: the architecture, or what else ran them. timesteps,
    batches: all values that occur; empty: unknown."""

    networks: Sequence[str]
    machine: str
    timesteps: Sequence[int]
    batches: Sequence[int]

    def title(self, *more: str) -> str:
        """`vgg9 on sata128, T = 4, batch 1`, and what else there is to say."""
        many = len(self.networks)
        named = self.networks[0] if many == 1 else counted(many, "network")
        times, images = (_listed(values) for values in (self.timesteps, self.batches))
        said = [
            f"{named} on {self.machine}",
            f"T = {times}" if times else "",
            f"batch {images}" if images else "",
            *more,
        ]
        return ", ".join(part for part in said if part)


def _listed(values: Sequence[int]) -> str:
    """`1`, `1 and 16`, `1 to 64`."""
    each = sorted(set(values))
    if len(each) > 2:
        return f"{each[0]:,} to {each[-1]:,}"
    return " and ".join(f"{value:,}" for value in each)
