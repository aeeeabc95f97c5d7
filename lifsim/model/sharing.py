"""Sharing configurations of EfficientLIF-Net, by name: who shares membranes with whom.

Kim et al., "Sharing leaky-integrate-and-fire neurons for memory-efficient spiking neural networks", Front. Neurosci.
17:1230002, 2023.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lifsim.errors import Fault, InputError, did_you_mean, shown

MAX_CHANNEL_GROUPS = 1 << 20

_SPELLING = re.compile(r"(layer)?(?:(?(1) ?[+&] ?)c(?:hannel)? ?#?([0-9]{1,12}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Sharing:
    """`layer`: consecutive LIFs of equal shape share; `channels`: N channel groups share in turn (1: no)."""

    layer: bool = False
    channels: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= MAX_CHANNEL_GROUPS:
            raise InputError(Fault(f"{self.channels} channel groups must be <= {MAX_CHANNEL_GROUPS}", "sharing"))

    @classmethod
    def parse(cls, text: str) -> Sharing:
        """`none`, `layer`, `channel4`, `layer+channel2`, or the paper's `C#4`, `Layer&C#2`. Raises InputError."""
        name = str(text).strip()
        if name.lower() == "none":
            return cls()
        match = _SPELLING.fullmatch(name)
        if not name or match is None:
            hint = did_you_mean(name, ["none", "layer", "channel2", "channel4", "layer+channel2", "layer+channel4"])
            message = f"{shown(text)} must be none, layer, channelN or layer+channelN{hint}"
            raise InputError(Fault(message, path="sharing"))
        layer, groups = match.groups()
        if groups is None:
            return cls(layer=True)
        if int(groups) < 2:
            raise InputError(Fault(f"{shown(text)}: N of channelN must be >= 2", path="sharing"))
        return cls(layer=layer is not None, channels=int(groups))

    def __repr__(self) -> str:
        return f"Sharing.parse({str(self)!r})"

    def __str__(self) -> str:
        parts = ["layer"] * self.layer + [f"channel{self.channels}"] * (self.channels > 1)
        return "+".join(parts) or "none"
