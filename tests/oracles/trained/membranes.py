"""Gradients of membranes from timestep to timestep of a timestep-major group, and u' that waits until it is undone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.oracles.trained.plain import Layer, Training, cut, rows_of, up


@dataclass(frozen=True)
class Use:
    """A state, of a chunk. calls, relays: of a timestep; parts: in which its chains are worked off where `window` bytes
    find no room; granule: of a row that streams. flat: what each byte that does not stay moves, whatever the calls."""

    bytes: int
    calls: int
    relays: int
    parts: int
    window: int
    granule: int
    flat: int = 0


def fewest(uses: list[Use], timesteps: int, buffer: int) -> int:
    """Bytes that move, in and out, under the best split of the buffer: of every room for what streams and every
    transient region, what stays for good fills the rest, first what would move most."""
    if not uses:
        return 0
    granule = max(use.granule for use in uses)
    rooms = {0, min(granule, buffer), *(max(granule, use.window) for use in uses)}
    best = None
    for reserved in sorted(room for room in rooms if room <= buffer):
        longest = max(use.bytes for use in uses)
        for transient in range(min(buffer - reserved, longest) + 1):
            moved = _moved(uses, timesteps, buffer - reserved - transient, transient, reserved)
            if moved is None or (best is not None and moved >= best):
                continue
            best = moved
    assert best is not None
    return best


def _moved(uses: list[Use], timesteps: int, room: int, transient: int, reserved: int) -> int | None:
    """None where something streams through no room."""
    pieces: list[tuple[int, int, bool]] = []
    for use in uses:
        apart = 1 if reserved >= use.window else use.parts
        streams = use.flat * timesteps or 2 * (use.calls * timesteps * apart - 1)
        passes = use.flat * timesteps or 2 * (use.relays * timesteps - 1)
        through = 0 if use.flat else min(use.bytes, transient)
        pieces += [(streams, use.bytes - through, True), (passes, through, False)]
    moved = 0
    streaming = False
    for each, size, streams in sorted(pieces, key=lambda piece: (-piece[0], not piece[2])):
        stays = min(size, room)
        room -= stays
        moved += each * (size - stays)
        streaming = streaming or (streams and size > stays and each > 0)
    return None if streaming and reserved == 0 and any(use.granule for use in uses) and _has_room(uses) else moved


def _has_room(uses: list[Use]) -> bool:
    return any(use.bytes for use in uses)


def chains_of(layer: Layer, columns: int) -> tuple[int, int]:
    """(filters that wait until their chain's last call, parts in which a chain is worked off otherwise)."""
    assert layer.lif is not None
    calls = layer.lif.channels
    if calls == 1:
        return 0, 1
    chains, size = layer.filters // calls, layer.of_group
    if layer.groups == 1:
        smallest = min(columns, size)
        whole = layer.filters <= smallest or smallest % calls == 0
        taken = [filter_ // calls for filter_ in range(layer.filters)]
        parts = Counter(chain for tile in cut(layer.filters, smallest) for chain in {taken[f] for f in tile})
        return (0, 1) if whole else (1, max(parts.values()))
    of_group = [{filter_ % chains for filter_ in range(g * size, (g + 1) * size)} for g in range(layer.groups)]
    parts = Counter(chain for members in of_group for chain in members)
    return (size if layer.groups % calls == 0 else chains), max(parts.values())


def uses_of(training: Training, members: list[Layer], images: int) -> list[Use]:
    """Gradients of the states of a group, walked backwards, and states that calls are undone to beside them."""
    machine = training.machine
    order = [layer.lif.state for layer in reversed(members) if layer.lif]
    found = []
    for state in dict.fromkeys(order):
        users = [layer for layer in members if layer.lif and layer.lif.state == state]
        lif = users[0].lif
        assert lif is not None
        rows, across = rows_of(lif.shape)
        beside = up(across // lif.channels * machine.membrane_bits, 8)
        row = up(across // lif.channels * machine.gradient_bits, 8) + (beside if training.kept == "reversed" else 0)
        relays = sum(1 for place, one in enumerate(order) if one == state and (place == 0 or order[place - 1] != state))
        columns_of = [rows_of(user.lif.shape)[1] // _channels(user) for user in users if user.lif]
        windows, parts, granules = [], [], []
        for user, wide in zip(users, columns_of, strict=True):
            waiting, apart = chains_of(user, machine.columns)
            windows.append(up(rows * up(waiting * wide * machine.membrane_bits, 8) * row, beside))
            parts.append(apart)
            at_work = min(machine.columns, user.of_group)
            streaming = up(at_work, lif.channels) if user.groups == 1 or lif.channels == 1 else at_work
            chains = user.filters // lif.channels
            of_row = up(beside * min(streaming, chains), chains)  # a share of a row of membranes, and of gradients
            granules.append(up(of_row * row, beside))
        found.append(
            Use(images * rows * row, order.count(state), relays, max(parts), images * max(windows), max(granules))
        )
    return found


def _channels(layer: Layer) -> int:
    assert layer.lif is not None
    return layer.lif.shape[0]


def flights(training: Training, members: list[Layer], images: int, granule: int) -> list[Use]:
    """u' of the calls of a timestep that ran forward again: out, and in to be undone; what the next layer on a state
    goes on from comes in once more."""
    bits = training.machine.membrane_bits
    goes_on = ends = 0
    for number, layer in enumerate(members):
        if layer.lif is None:
            continue
        later = any(one.lif and one.lif.state == layer.lif.state for one in members[number + 1 :])
        every = up(layer.lif.elements * bits, 8)
        left = up(layer.lif.elements // layer.lif.channels * bits, 8) if later else 0
        goes_on, ends = goes_on + left, ends + every - left
    return [Use(images * size, 1, 1, 1, 0, granule, moves) for size, moves in ((goes_on, 3), (ends, 2)) if size]
