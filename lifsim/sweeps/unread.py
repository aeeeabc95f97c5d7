"""Finds values of options with which no point of a sweep can run, or which no point reads.

A point whose options go together and change nothing is a row like others: a cross product has such. An option that
changes nothing at any point is asked for in vain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, product
from typing import TYPE_CHECKING

from lifsim.config.given_rates import rate_faults, rate_words
from lifsim.errors import Fault, InputError
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options, options_of
from lifsim.simulate.unread import unread_options, unread_settings
from lifsim.sweeps.request import Request
from lifsim.sweeps.values import Value, Values, judged_values, setting

if TYPE_CHECKING:
    from lifsim.sweeps.plan import Job

MOST_COMBINATIONS = 20_000
"""Of values of options, that are tried together. A sweep that has more is left to its points."""

MOST_TOLD = 6
"""Points that a value changes nothing of, told one by one."""


def unread_everywhere(job: Job, request: Request, *, seeded: bool) -> Iterator[Fault]:
    """A fault of each value of an option that goes with no values of the others, and of each that no run reads. seeded:
    whether a seed chooses points, too."""
    axes = {axis.key: axis.values for axis in job.space.axes}
    read = {*Options.model_fields} - ({"seed"} if seeded else set())
    options = {key: _few(values) for key, values in axes.items() if key in read}
    pairs = list(_pairs(job, axes["sharing"]))
    refused: dict[tuple[str, str], str] = {}
    good: set[tuple[str, str]] = set()
    for named in _combined(options):
        faults = _faults(named, pairs)
        for fault in faults:
            refused.setdefault((fault.path, json.dumps(named.get(fault.path))), fault.message)
        paths = {fault.path for fault in faults}
        good |= {(key, json.dumps(value)) for key, value in named.items() if key not in paths}
    for (key, value), message in refused.items():
        if key in options and (key, value) not in good:
            yield request.fault(key, message)
    if "rate" in options and ("rate", json.dumps(options["rate"][0])) not in refused:
        yield from _of_no_layers(str(options["rate"][0]), pairs, request)
    modes = options.get("mode", ("inference",))
    if "training" not in modes:
        settings = [*job.settings, *(setting(key, values[0]) for key, values in axes.items())]
        yield from unread_settings(settings, "inference")


def unread_somewhere(job: Job) -> Iterator[str]:
    """Of values of options that some points read and others do not, in words, which do not and why: their points change
    nothing by them."""
    axes = {axis.key: axis.values for axis in job.space.axes}
    options = {key: _few(values) for key, values in axes.items() if key in Options.model_fields}
    several = [key for key in ("workload", "sharing", *options) if axes[key].count > 1]
    unread: dict[tuple[str, str, str], list[str]] = {}
    count = 0
    for named in _combined(options):
        with suppress(InputError):
            given = options_of(named)
            for network, sharing in _pairs(job, axes["sharing"]):
                count += 1
                point = {**named, "workload": network.name, "sharing": str(sharing)}
                for fault in unread_options(network, sharing, given):
                    where = " ".join(str(point[key]) for key in several if key != fault.path)
                    unread.setdefault((fault.path, str(named.get(fault.path)), fault.message), []).append(where)
    for (key, value, message), points in unread.items():
        if key in options and len(points) < count:
            where = ", ".join(list(dict.fromkeys(points))[:MOST_TOLD]) + (", ..." if len(points) > MOST_TOLD else "")
            yield f"{key.replace('_', '-')} {value} changes nothing of points of {where}: {message}"


def _combined(options: Mapping[str, Sequence[Value]]) -> Iterator[dict[str, Value]]:
    """All values with all others; nothing of more than MOST_COMBINATIONS."""
    combinations = list(islice(product(*options.values()), MOST_COMBINATIONS + 1))
    for values in combinations if len(combinations) <= MOST_COMBINATIONS else ():
        yield dict(zip(options, values, strict=True))


def _of_no_layers(rates: str, pairs: Sequence[tuple[Network, Sharing]], request: Request) -> Iterator[Fault]:
    """What is wrong with the rates for each of the networks."""
    networks = {network.name: network for network, _ in pairs}
    found = [list(rate_faults(network, rate_words(rates))) for network in networks.values()]
    for fault in found[0] if found and all(found) else ():
        layer = fault.path.removeprefix("rate").removeprefix(".")
        yield request.fault("rate", ": ".join(filter(None, (layer, fault.message))))


def _faults(named: Mapping[str, Value], pairs: Sequence[tuple[Network, Sharing]]) -> list[Fault]:
    """What is wrong with options together; of those that go together, with each that no network reads."""
    try:
        options = options_of(named)
    except InputError as error:
        return list(error.faults)
    found = [list(unread_options(network, sharing, options)) for network, sharing in pairs]
    read = [{fault.path for fault in faults} for faults in found]
    return [fault for fault in found[0] if all(fault.path in paths for paths in read)] if found else []


def _few(values: Values) -> tuple[Value, ...]:
    """All texts; of numbers the ends."""
    judged = judged_values(values)
    return judged if any(isinstance(value, str) for value in judged) else (judged[0], judged[-1])[: len(judged)]


def _pairs(job: Job, sharings: Values) -> Iterator[tuple[Network, Sharing]]:
    """Networks that are whole without an axis, under every sharing."""
    for workload in job.workloads:
        with suppress(InputError):
            network = job.network(workload)
            for name in judged_values(sharings):
                with suppress(InputError):
                    yield network, Sharing.parse(str(name))
