"""Where bytes are while the legality oracle walks a plan: on chip, by place and thing, and in DRAM."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.oracles.legality_events import Drop, Load, Net, Put, Store, Thing

Bools = NDArray[np.bool_]


class IllegalPlanError(AssertionError):
    """A plan that no machine can follow."""


def require(holds: bool, event: object, sentence: str) -> None:
    """Raise what the matter is with an event unless it holds."""
    if not holds:
        raise IllegalPlanError(f"{event}: {sentence}")


@dataclass
class Bytes:
    """states: by thing, whose state and how many bytes; versions: [bytes] how many calls each has seen; kept: the same
    of the copy in DRAM. here: by place and thing, [bytes] what lies there; used: by place, how many do; fresh: what the
    array has just put out; dram: what is stored of other things."""

    net: Net
    states: dict[Thing, tuple[str, int]] = field(default_factory=dict)
    versions: dict[Thing, NDArray[np.int64]] = field(default_factory=dict)
    kept: dict[Thing, NDArray[np.int64]] = field(default_factory=dict)
    here: dict[str, dict[Thing, Bools]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    fresh: dict[Thing, Bools] = field(default_factory=dict)
    dram: dict[Thing, Bools] = field(default_factory=dict)

    def add_state(self, thing: Thing, state: str, size: int) -> None:
        """A thing that is `size` bytes of a state, at rest."""
        self.states[thing] = state, size
        self.versions[thing], self.kept[thing] = np.zeros((2, size), np.int64)

    def size(self, thing: Thing) -> int:
        """Bytes of a thing."""
        return self.states[thing][1] if thing in self.states else self.net.size(thing)

    def held(self, place: str, thing: Thing) -> Bools:
        """[bytes] what of a thing lies in a place."""
        things = self.here.setdefault(place, {})
        if thing not in things:
            things[thing] = np.zeros(self.size(thing), np.bool_)
        return things[thing]

    def stored(self, thing: Thing) -> Bools:
        """[bytes] what of a thing, not a state, DRAM holds."""
        if thing not in self.dram:
            self.dram[thing] = np.full(self.size(thing), thing not in self.states and self.net.given(thing))
        return self.dram[thing]

    def on_chip(self, thing: Thing, low: int, high: int) -> bool:
        """Whether all of these bytes are, wherever."""
        parts = [things[thing][low:high] for things in (self.fresh, *self.here.values()) if thing in things]
        return high <= low or any(bool(part.all()) for part in parts) or bool(
            parts and np.logical_or.reduce(parts).all()
        )  # fmt: skip

    def require_on_chip(self, thing: Thing, low: int, high: int, event: object, what: str = "") -> None:
        """Raise unless all of these bytes of a thing are, wherever; what: they are."""
        if not self.on_chip(thing, low, high):
            which = f"{what}: " if what else ""
            raise IllegalPlanError(f"{event}: {which}bytes {low} to {high - 1} are not all on chip")

    def renew(self, sums: Thing) -> None:
        """Partial sums are added to: copies of what they were hold nothing, but for what lies in the psum buffer, where
        they are added to."""
        for place in ("passing", "sums"):
            self.drop(Drop(place, sums))
        if sums in self.dram:
            self.dram[sums][:] = False

    # Events

    def load(self, event: Load) -> None:
        """What DRAM holds comes."""
        part = slice(event.low, event.high)
        if event.thing in self.states:
            require((self.kept[event.thing][part] == self.versions[event.thing][part]).all(),
                    event, "DRAM does not hold the last state of these membranes")  # fmt: skip
        elif event.thing[0] == "/packed":
            for plane, low, high in self.net.packed(event.thing, event.low, event.high):
                require(bool(self.stored(plane)[low:high].all()), event, f"DRAM does not hold {plane} yet")
        else:
            require(bool(self.stored(event.thing)[part].all()), event, "DRAM does not hold these bytes yet")
        self._occupy(event)

    def put(self, event: Put) -> None:
        """What is on chip, or at rest, begins to lie in a place."""
        if event.thing in self.states:
            at_rest = not self.versions[event.thing][event.low : event.high].any()
            require(at_rest or self.on_chip(event.thing, event.low, event.high),
                    event, "these membranes are at rest no more, and not on chip")  # fmt: skip
        elif event.thing[0] != "/begun":
            self.require_on_chip(event.thing, event.low, event.high, event)
        self._occupy(event)

    def _occupy(self, event: Load | Put) -> None:
        bits = self.held(event.place, event.thing)[event.low : event.high]
        require(bits.size == event.high - event.low, event, f"there are only {self.size(event.thing)} bytes")
        self.used[event.place] = self.used.get(event.place, 0) + bits.size - int(np.count_nonzero(bits))
        bits[:] = True
        if event.place in self.net.buffers:
            require(self.used[event.place] <= self.net.buffers[event.place],
                    event, f"{self.used[event.place]} bytes do not fit into {event.place},"
                    f" {self.net.buffers[event.place]} bytes")  # fmt: skip

    def store(self, event: Store) -> None:
        """What lies in a place is written."""
        part = slice(event.low, event.high)
        if event.place == "array":
            if event.thing in self.fresh:
                self.stored(event.thing)[part] |= self.fresh[event.thing][part]
            return
        require(bool(self.held(event.place, event.thing)[part].all()), event, "not all of it is on chip")
        if event.thing in self.states:
            self.kept[event.thing][part] = self.versions[event.thing][part]
        else:
            self.stored(event.thing)[part] = True

    def drop(self, event: Drop) -> None:
        """What lies in a place is forgotten."""
        things = self.here.get(event.place, {})
        if event.place == "array":
            self.fresh.clear()
        elif event.thing is None:
            things.clear()
            self.used[event.place] = 0
        elif event.thing in things:
            bits = things[event.thing][event.low : event.high]
            self.used[event.place] -= int(np.count_nonzero(bits))
            bits[:] = False
            if not things[event.thing].any():
                del things[event.thing]
