"""Sharing configurations of EfficientLIF-Net, by name: who shares membranes with whom.

Kim et al., "Sharing leaky-integrate-and-fire neurons for memory-efficient spiking neural networks", Front. Neurosci.
17:1230002, 2023.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lifsim.errors import Fault, InputError, did_you_mean, nearest, shown
from lifsim.lazy_dataclass import dataclass

MAX_CHANNEL_GROUPS = 1 << 20

_SPELLING = re.compile(
    r"(layer)?(?:(?(1) ?[+&] ?)c(?:hannel)? ?#?([0-9]{1,12}))?([ -]where[ -]possible)?", re.IGNORECASE
)

WAYS_OUT = "; `share: false` there, or --share-where-possible, leaves membranes of their own"


@dataclass(frozen=True)
class Sharing:
    """`layer`: consecutive LIFs of equal shape share; `channels`: N channel groups share in turn (1: no channel
    sharing). where_possible: layers that cannot share keep their own membranes, instead of being a fault."""

    layer: bool = False
    channels: int = 1
    where_possible: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= MAX_CHANNEL_GROUPS:
            raise InputError(Fault(f"{self.channels} channel groups must be <= {MAX_CHANNEL_GROUPS}", "sharing"))
        if self.where_possible and not self.shares:
            raise InputError(Fault("'none' must stand without where possible: it shares nothing", "sharing"))

    @property
    def shares(self) -> bool:
        """Whether it is another than `none`."""
        return self.layer or self.channels > 1

    @classmethod
    def parse(cls, text: str) -> Sharing:
        """The sharing named `none`, `layer`, `channel4`, `layer+channel2`, or as in the paper `C#4`, `Layer&C#2`; the
        suffix `-where-possible` sets `where_possible`. Raises InputError."""
        name = str(text).strip()
        if name.lower() == "none":
            return cls()
        match = _SPELLING.fullmatch(name)
        if not name or match is None or not any(match.groups()[:2]):
            message = f"{shown(text)} must be none, layer, channelN or layer+channelN{_hint(name)}"
            raise InputError(Fault(message, path="sharing"))
        layer, groups, where = match.groups()
        if groups is not None and int(groups) < 2:
            raise InputError(Fault(f"{shown(text)}: N of channelN must be >= 2", path="sharing"))
        return cls(layer is not None, 1 if groups is None else int(groups), where is not None)

    def where_it_fits(self) -> Sharing:
        """The same sharing with `where_possible`; `none` fits everywhere."""
        return replace(self, where_possible=self.shares)

    def __repr__(self) -> str:
        return f"Sharing.parse({str(self)!r})"

    def __str__(self) -> str:
        parts = ["layer"] * self.layer + [f"channel{self.channels}"] * (self.channels > 1)
        return ("+".join(parts) or "none") + "-where-possible" * self.where_possible


def _hint(name: str) -> str:
    """The key that `name` comes nearest to: `layer+channel4` of channel4+layer, layer,channel4 or lyer-chanel4."""
    words = re.findall(r"[a-z]+|[0-9]+", name.lower()[:80])
    found = [_kind(word) for word in words if word not in ("where", "possible")]
    numbers = [word for word in words if word.isdecimal() and 2 <= int(word) <= MAX_CHANNEL_GROUPS]
    parts = ["layer"] * ("layer" in found)
    if "channel" in found and len(numbers) == found.count("channel") == 1:
        parts.append(f"channel{int(numbers[0])}")
    if not parts or None in found or len(parts) != len({*found} - {"number"}):
        usual = ["none", "layer", "channel2", "channel4", "layer+channel2", "layer+channel4"]
        return "; one sharing at a time" if len(numbers) > 1 else did_you_mean(name, usual)
    return f"; did you mean '{'+'.join(parts)}{'-where-possible' * ('possible' in words)}'?"


def _kind(word: str) -> str | None:
    """The kind of sharing that `word` misspells."""
    return "number" if word.isdecimal() else "channel" if word == "c" else nearest(word, ("layer", "channel"))
