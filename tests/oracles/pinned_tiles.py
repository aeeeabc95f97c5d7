"""What of filter tiles that pass through a buffer in turns, again and again, may stay there, by trying every room for
the tile at work. Knows nothing of lifsim."""

from __future__ import annotations

from collections.abc import Sequence

Byte = tuple[int, ...]


def most_that_stay(tiles: Sequence[Sequence[Byte]], buffer: int) -> set[Byte]:
    """What a tile has beyond the room must stay, and what stays must have room beside it. Nothing does where no room is
    enough for a tile."""
    best: list[Byte] = []
    for room in range(min(buffer, max(map(len, tiles))) + 1):
        beyond = [byte for tile in tiles for byte in tile[room:]]
        within = [byte for tile in tiles for byte in tile[:room]]
        if room + len(beyond) <= buffer:
            best = max(best, (beyond + within)[: buffer - room], key=len)
    return set(best)
