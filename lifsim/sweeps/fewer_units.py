"""Sharings that split the channels into different numbers of groups differ in more than sharing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from lifsim.errors import InputError
from lifsim.model.sharing import Sharing

SHARING = "sharing"
"""The axis."""


def fewer_units(names: Iterable[object]) -> str:
    """The warning that a comparison of these sharings must show; empty if all of them need the same number of LIF
    units. Names that are no sharings are ignored."""
    sharings = []
    for name in names:
        with suppress(InputError):
            sharings.append(Sharing.parse(str(name)))
    if len({sharing.channels for sharing in sharings}) <= 1:
        return ""
    most = max(sharings, key=lambda sharing: sharing.channels)
    fewer = f"{most} leaves 1 of {most.channels} LIF units that none has, which is possible without sharing (lif.units)"
    return f"sharing: {fewer}; lifsim run --sharing {most} shows how much of a change comes from sharing itself"
