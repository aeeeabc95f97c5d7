"""What else than sharing tells sharings of several numbers of channel groups apart."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from lifsim.errors import InputError
from lifsim.model.sharing import Sharing

SHARING = "sharing"
"""The axis."""


def fewer_units(names: Iterable[object]) -> str:
    """What a comparison of the sharings of these names must say; empty where all have as many LIF units, as far as
    the names are those of sharings."""
    sharings = []
    for name in names:
        with suppress(InputError):
            sharings.append(Sharing.parse(str(name)))
    if len({sharing.channels for sharing in sharings}) <= 1:
        return ""
    most = max(sharings, key=lambda sharing: sharing.channels)
    fewer = f"{most} leaves 1 of {most.channels} LIF units that none has, which needs no sharing (lif.units)"
    return f"sharing: {fewer}; what of a change is sharing's own tells lifsim run --sharing {most}"
