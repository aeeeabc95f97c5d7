"""The membranes of the literal interpreter of loop orders: the order of calls on them, and where their bytes are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.oracles.loop_order_net import Layer, Loops, Net, Room, State, require

Filters = Sequence[int]
Byte = tuple[str, int, int, int, int]
"""(state, image, row, chain, byte)"""


class Membranes:
    """here: bytes in the membrane buffer or in the PEs; touched: that have seen a call; calls: how many each chain of a
    row has seen. most: bytes that were ever here together; most_rows: rows of any state."""

    def __init__(self, net: Net, loops: Loops, room: Room) -> None:
        self.net, self.loops, self.room = net, loops, room
        self.most = self.most_rows = 0
        self.calls: Counter[tuple[str, int, int, int]] = Counter()
        self.begin(0)

    def begin(self, first: int) -> None:
        """A chunk, whose first image this is: all states are zero."""
        self.here: set[Byte] = set()
        self.touched: set[Byte] = set()
        self.first = first

    def users(self, state: str) -> list[str]:
        """Layers that call a state, in order."""
        return [layer.name for layer in self.net.layers if layer.state == state]

    def call(self, layer: Layer, image: int, t: int, row: int, number: int) -> None:
        """Filter `number` of a layer fires: call after call, layer after layer, timestep after timestep."""
        if layer.state is None:
            return
        users = self.users(layer.state)
        chain, call = layer.call(number)
        due = (t * len(users) + users.index(layer.name)) * layer.calls + call
        key = layer.state, image, row, chain
        been = f"{self.calls[key]} calls of {due} have been"
        require(self.calls[key] == due, f"{layer.name} calls chain {chain} of row {row} at timestep {t}: {been}")
        self.calls[key] += 1

    def _bytes(self, layer: Layer, image: int, rows: dict[int, range], filters: Filters) -> list[Byte]:
        state = self.net.states[str(layer.state)]
        chains = sorted({layer.call(number)[0] for number in filters})
        of_rows = sorted({row for part in rows.values() for row in part})
        return [
            (state.name, image, row, chain, byte)
            for row in of_rows for chain in chains for byte in range(state.chain_bytes)
        ]  # fmt: skip

    def come(self, layer: Layer, image: int, rows: dict[int, range], filters: Filters, moved: Counter[str]) -> None:
        """What a tile is to update, if it is not there. The zero state is never read."""
        if layer.state is None:
            return
        for byte in self._bytes(layer, image, rows, filters):
            moved["membrane_read"] += byte in self.touched and byte not in self.here
            self.here.add(byte)
            self.touched.add(byte)
        self.most = max(self.most, len(self.here))
        self.most_rows = max(self.most_rows, len({byte[:3] for byte in self.here}))

    def go(self, layer: Layer, image: int, rows: dict[int, range], filters: Filters, moved: Counter[str]) -> None:
        """What does not stay until its next call is written, unless there is none."""
        if layer.state is None:
            return
        state = self.net.states[layer.state]
        for byte in self._bytes(layer, image, rows, filters):
            last = self._last_timestep(byte, rows)
            complete = self.calls[byte[:4]] % layer.calls == 0
            ends = complete and layer.name == self.users(layer.state)[-1]
            if ends and self._no_more(image, last):
                self.here.remove(byte)
            elif not self._stays(layer, state, byte, ends and self._ends_window(last)):
                self.here.remove(byte)
                moved["membrane_write"] += 1
        require(len(self.here) <= self.room.membrane, f"{len(self.here)} bytes of membranes must stay")

    def _last_timestep(self, byte: Byte, rows: dict[int, range]) -> int:
        return max(t for t, part in rows.items() if byte[2] in part)

    def _no_more(self, image: int, last: int) -> bool:
        """Whether an image, of whose timesteps this is done, is worked on no more."""
        behind = last + 1
        exits = self._ends_window(last) and not self.loops.runs(image, behind // self.loops.window)
        return behind == self.net.timesteps or exits

    def _ends_window(self, t: int) -> bool:
        return (t + 1) % self.loops.window == 0 or t == self.net.timesteps - 1

    def _stays(self, layer: Layer, state: State, byte: Byte, ends: bool) -> bool:
        """ends: whether its next call is in another window."""
        position = self._position(state, byte)
        permanent = self.loops.permanent.get(state.name, 0)
        if position < permanent:
            return True
        if ends:
            return False
        return self.loops.in_strips or (position < permanent + self.loops.transient and not self._parted(layer))

    def _position(self, state: State, byte: Byte) -> int:
        """Of a byte among those of its state, all images of a chunk."""
        rows = max(layer.rows for layer in self.net.layers if layer.state == state.name)
        image = byte[1] - self.first
        return ((image * rows + byte[2]) * state.chains + byte[3]) * state.chain_bytes + byte[4]

    def _parted(self, layer: Layer) -> bool:
        """Whether the next call in the timestep is on another state."""
        behind = [other for other in self.net.layers if other.state is not None]
        position = next(number for number, other in enumerate(behind) if other.name == layer.name)
        return position + 1 == len(behind) or behind[position + 1].state != layer.state
