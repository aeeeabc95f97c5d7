"""The order in which a layer's filters are taken under `channelN`, written down once more."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tests.oracles.legality_events import Layer

Range = tuple[int, int]


@dataclass(frozen=True)
class Order:
    """taken: by filter in the order in which they are taken, its chain and which call of it it is."""

    calls: int
    chains: int
    taken: tuple[tuple[int, int], ...]

    @classmethod
    @lru_cache(maxsize=4096)
    def of(cls, layer: Layer) -> Order:
        """Filter f of M is call f // (M/N) of chain f % (M/N). They are taken chain by chain; where the convolution has
        groups, one after the other, those that have chains in common behind one another."""
        chains = layer.filters // layer.calls
        every = [(f % chains, f // chains) for f in range(layer.filters)]
        if layer.groups == 1 or layer.calls == 1:
            return cls(layer.calls, chains, tuple(sorted(every)))
        size = layer.filters // layer.groups
        groups = [every[begin : begin + size] for begin in range(0, layer.filters, size)]
        if layer.groups % layer.calls:
            return cls(layer.calls, chains, tuple(every))
        groups.sort(key=lambda group: (group[0][0], group[0][1]))
        return cls(layer.calls, chains, tuple(one for group in groups for one in group))

    @classmethod
    def by_channel(cls, layer: Layer) -> Order:
        """As the filters are numbered."""
        chains = layer.filters // layer.calls
        return cls(layer.calls, chains, tuple((f % chains, f // chains) for f in range(layer.filters)))

    def begun(self, filters: Range) -> Range:
        """The chains of which the first call is among them."""
        return self._count(0, filters)

    def ended(self, filters: Range) -> Range:
        """The chains of which the last call is among them."""
        return self._count(self.calls - 1, filters)

    def _count(self, call: int, filters: Range) -> Range:
        before = sum(which == call for _, which in self.taken[: filters[0]])
        return before, before + sum(which == call for _, which in self.taken[slice(*filters)])

    def blocks(self, filters: Range) -> list[tuple[Range, Range]]:
        """(chains, their calls) in the order in which these filters are taken: whole runs of chains with all their
        calls, or of one call."""
        chains: list[tuple[Range, Range]] = []
        for chain, call in self.taken[slice(*filters)]:
            if chains and chains[-1] == ((chain, chain + 1), (chains[-1][1][0], call)):
                chains[-1] = chains[-1][0], (chains[-1][1][0], call + 1)
            else:
                chains.append(((chain, chain + 1), (call, call + 1)))
        found: list[tuple[Range, Range]] = []
        for (begin, end), calls in chains:
            if found and found[-1][0][1] == begin and found[-1][1] == calls:
                found[-1] = (found[-1][0][0], end), calls
            else:
                found.append(((begin, end), calls))
        return found
