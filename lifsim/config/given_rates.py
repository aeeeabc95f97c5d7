"""Spike rates given to a run instead of its workload's: 0.15 for every layer, conv3=0.2 for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from numbers import Real
from typing import Any

from lifsim.config.workload_schema import MAX_TIMESTEPS
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.tensors import nodes_with_spikes
from lifsim.lazy_dataclass import dataclass
from lifsim.model.activity import Spikes
from lifsim.model.network import Network, Traced
from lifsim.units import counted

WAYS_TO_RATES = (
    "--rate 0.15 (or LAYER=0.15, or --rates FILE.csv) assumes them; spikes.rates in the workload states them; "
    "`lifsim trace record --weights FILE`, of lifsim train, fires spikes instead"
)
"""Where rates of synthesised spikes can come from."""

WAYS_TO_SPIKES = (
    "--trace FILE reads recorded ones; --rate 0.15 (or LAYER=0.15, or --rates FILE.csv) assumes rates; spikes.rates in "
    "the workload states them; --spikes engine --weights FILE, of lifsim train, fires them"
)
"""Where a run's spikes can come from, for every message about missing spikes."""

MOST_IN_A_NAME = 3
MOST_TOLD = 12
"""Most rates that are listed one by one."""


@dataclass(frozen=True)
class GivenRate:
    """layer: whose rates they are, '' for every layer that has none of its own. rates: one, or one per timestep."""

    layer: str
    rates: tuple[float, ...]

    @classmethod
    def parse(cls, word: str) -> GivenRate:
        """The rate in `0.15`, `conv3=0.2` or `conv3=0.1:0.2`, with colons between timesteps. Raises ValueError."""
        layer, equals, values = (part.strip() for part in word.rpartition("="))
        if equals and not layer:
            raise ValueError(f"{word!r} must have a layer in front of =")
        return cls(layer, rates_per_timestep(values))


@dataclass(frozen=True)
class Replaced:
    """Which of its workload's rates a run does not use, so that they need not fit: those of `layers`, for which it is
    given others ('': every layer that reads spikes); `all_of_them` if its spikes are recorded or computed with trained
    weights."""

    layers: frozenset[str] = frozenset()
    all_of_them: bool = False

    @classmethod
    def by(cls, words: Sequence[str], *, all_of_them: bool = False) -> Replaced:
        """What given rates replace; a malformed one replaces nothing."""
        layers = set[str]()
        for word in words:
            with suppress(ValueError):
                layers.add(GivenRate.parse(word).layer)
        return cls(frozenset(layers), all_of_them)

    def has(self, layer: str, *, reads_spikes: bool) -> bool:
        """Whether the stated rates of `layer` are not used. A layer that sees the image keeps its own."""
        return self.all_of_them or (reads_spikes and not self.layers.isdisjoint({layer, ""}))


NONE_REPLACED = Replaced()
ALL_REPLACED = Replaced(all_of_them=True)
"""For runs that use no rates at all."""


def rates_per_timestep(text: str) -> tuple[float, ...]:
    """The rates in `0.1:0.2`. Raises ValueError if they are none."""
    parts = text.split(":")
    if len(parts) > MAX_TIMESTEPS:
        raise ValueError(f"{len(parts)} rates must be at most {MAX_TIMESTEPS}, one a timestep")
    return tuple(map(_share, parts))


def _share(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        percent = "; 15% is 0.15" if text.rstrip().endswith("%") else ""
        raise ValueError(
            f"{text!r} must be a rate from 0 to 1, such as 0.15, or a rate per timestep, such as 0.1:0.2{percent}"
        ) from None
    if not 0 <= rate <= 1:
        raise ValueError(f"{text.strip()} must be >= 0 and <= 1" + ("; 15% is 0.15" if 1 < rate <= 100 else ""))
    return rate


def in_short(words: Sequence[str] | None) -> str:
    """Given rates in the name of a folder: `rate0.15`, `rate0.15+conv3=0.2`, or how many they are if they are many; ''
    for none."""
    if words is None:
        return ""
    return f"rate{'+'.join(words)}" if len(words) <= MOST_IN_A_NAME else f"{len(words)}rates"


def rate_words(given: Any) -> Any:
    """Rates as options keep them: a number, a text, several of them, or a mapping of layers to rates, as words that
    `GivenRate.parse` reads. Anything else is left for the schema to refuse."""
    match given:
        case bool() | None:
            return given
        case Real():
            return (repr(float(given)),)
        case str():
            return tuple(part.strip() for part in given.split(","))
        case Mapping():
            return tuple(f"{layer}={_value(rates)}" for layer, rates in given.items())
        case list() | tuple():
            return tuple(rate_words(one)[0] if _is_number(one) else one for one in given)
    return given


def _value(rates: Any) -> str:
    parts = rates if isinstance(rates, list | tuple) else [rates]
    return ":".join(repr(float(part)) if _is_number(part) else str(part) for part in parts)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def rate_faults(network: Network, words: Sequence[str]) -> Iterator[Fault]:
    """Faults of given rates: layers that `network` does not have, a number of rates other than its timesteps, and
    layers that read spikes but have no rate. The fault of a layer has the path ``rate.LAYER``."""
    known = {one.name: one for one in network.traced}
    given, unread = [GivenRate.parse(word) for word in words], without_use(network, words)
    for one in given:
        if one.layer and one.layer not in known:
            rule = f"{one.layer!r} must be a layer of {network.name} that reads spikes"
            yield Fault(rule + did_you_mean(one.layer, known), f"rate.{one.layer}")
            continue
        yield from _misfits(one, _whose(network, one, given, unread))
    if not any(not one.layer for one in given):
        has = {*network.spikes.rates, *(one.layer for one in given)}
        if missing := [one.name for one in reading_spikes(network) if one.name not in has]:
            rule = f"must cover every layer that reads spikes; missing {', '.join(missing)}"
            yield Fault(f"{rule}: a rate by itself, --rate 0.15, is that of all others", "rate")


def _whose(network: Network, one: GivenRate, given: Sequence[GivenRate], unread: Sequence[str]) -> list[Traced]:
    """The layers to which a rate applies; one for all applies to those that none of the `given` names."""
    named = {other.layer for other in given}
    if not one.layer:
        return [layer for layer in reading_spikes(network) if layer.name not in named]
    return [layer for layer in network.traced if layer.name == one.layer and one.layer not in unread]


def _misfits(one: GivenRate, whose: Sequence[Traced]) -> Iterator[Fault]:
    """The layers whose timesteps do not match the number of rates."""
    misfits: dict[int, list[str]] = {}
    for layer in whose:
        if len(one.rates) not in (1, layer.tensor.timesteps):
            misfits.setdefault(layer.tensor.timesteps, []).append(layer.name)
    for steps, names in misfits.items():
        need = "one rate" if steps == 1 else f"one rate, or {steps}, one per timestep"
        some = f": it is that of {', '.join(names)}, too (--rate {names[0]}=RATE gives it its own)"
        yield Fault(
            f"must have {need}; has {len(one.rates)}{some if len(names) < len(whose) else ''}",
            f"rate.{one.layer}".rstrip("."),
        )


def reading_spikes(network: Network) -> list[Traced]:
    """Operands that need a rate: those that are not computed from the analogue image alone."""
    spiking = nodes_with_spikes(network.nodes)
    return [
        one for layer in network.layers if spiking.intersection(network.node(layer.name).inputs) for one in layer.traced
    ]


def without_use(network: Network, words: Sequence[str]) -> list[str]:
    """Layers that are given a rate without effect: they see the image, every value of which is processed."""
    named = {GivenRate.parse(word).layer for word in words}
    return [layer.name for layer in network.layers if layer.sees_image and layer.name in named]


def at_given_rates(network: Network, words: Sequence[str] | None) -> Network:
    """`network` with the rates in `words` instead of its own: a later rate overrides an earlier one, and one that names
    its layer overrides one for all. Raises InputError with every fault (`rate_faults`)."""
    if words is None:
        return network
    if faults := [*rate_faults(network, words)]:
        raise InputError(faults)
    given = [GivenRate.parse(word) for word in words]
    everywhere = [one.rates for one in given if not one.layer]
    for_all = {one.name: everywhere[-1] for one in reading_spikes(network)} if everywhere else {}
    unread = without_use(network, words)
    rates = for_all | {one.layer: one.rates for one in given if one.layer and one.layer not in unread}
    own, stated = network.spikes, {name: rate for name, rate in network.spikes.rates.items() if name not in rates}
    others = f"; other layers: {own.provenance}" if stated else ""
    listed = ", ".join(words) if len(words) <= MOST_TOLD else f"of {counted(len(words), 'layer')}"
    spikes = Spikes(
        "rates",
        stated | rates,
        f"given to this run: {listed}{others}",
        measured=False,
        pruned=own.pruned and bool(stated),
    )
    return replace(network, spikes=spikes)
