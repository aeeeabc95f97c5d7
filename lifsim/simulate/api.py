"""`lifsim.run`, `lifsim.load_arch` and `lifsim.load_workload`: what the command line does, from Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

from lifsim.accounting.prices import price_faults
from lifsim.config import defaults
from lifsim.config.device import choosing
from lifsim.config.given_rates import NONE_REPLACED, Replaced
from lifsim.config.origins import Sourced
from lifsim.config.overrides import override
from lifsim.config.rates_file import RatesFile, read_rates
from lifsim.config.validate import Examined
from lifsim.config.workload import network_of, read_workload
from lifsim.errors import Fault, InputError, shown
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.inputs import Inputs, gathered, named_arch, priced_arch, sourced_arch, sourced_network
from lifsim.simulate.options import Bptt, Mode, Objective, Options, Rates, Schedule, SpikeSource, examined_options
from lifsim.simulate.pipeline import run as simulate
from lifsim.simulate.resolved import arch_document, network_document
from lifsim.simulate.result import Result
from lifsim.watch import Watch, unwatched

OPTIMIZER = "optimizer.name"
"""The key of an architecture that --optimizer sets."""

Name = str | PathLike[str]
"""A path, or a name of `lifsim list`."""


def load_arch(name: Name, overrides: Sequence[str] = ()) -> Arch:
    """The architecture `name`, a path or a shipped name such as "sata128", with ``key.path=value`` overrides.

    Raises InputError with every fault of the file and of the overrides, parts without a price included.
    """
    return named_arch(name_of(name, "arch"), texts_of(overrides))


def load_workload(name: Name, overrides: Sequence[str] = ()) -> Network:
    """The network of the workload `name`, a path or a shipped name such as "vgg16_cifar10", with ``key.path=value``
    overrides.

    Raises InputError with every fault of the file and of the overrides.
    """
    return network_of(override(read_workload(name_of(name, "workload")), texts_of(overrides)))


def run(
    arch: Arch | Name | None = None,
    workload: Network | Name = defaults.WORKLOAD,
    sharing: Sharing | str = defaults.SHARING,
    *,
    options: Options | None = None,
    trace: Name | None = None,
    batch: int | None = None,
    seed: int | None = None,
    spikes: SpikeSource | None = None,
    weights: Name | None = None,
    images: Name | None = None,
    rate: Rates | None = None,
    rates: Name | None = None,
    rates_scale: float | None = None,
    schedule: Schedule | None = None,
    objective: Objective | None = None,
    chunk: int | Literal["auto"] | None = None,
    groups: Sequence[str] | None = None,
    exit_steps: str | Mapping[int, float] | None = None,
    exit_confidence: float | None = None,
    mode: Mode | None = None,
    bptt: Bptt | None = None,
    share_where_possible: bool = False,
    dram: Name | None = None,
    optimizer: str | None = None,
    overrides: Sequence[str] = (),
    watch: Watch = unwatched,
) -> Result:
    """Simulate `workload` on `arch` under `sharing`: names, paths or objects.

    arch: None is "sata128", in training "sata_training". options: an `Options` object; keyword arguments override its
    fields, and fields that neither gives have the defaults of `Options`. share_where_possible: layers that `sharing`
    does not fit keep their own membranes. dram: a device to simulate. optimizer: of training; None is the
    architecture's. rate: spike rates instead of the workload's, as in `Options`; rates: a CSV file of them, layer,rate,
    applied before `rate`. overrides: ``key=value``, as --set on the command line, of the architecture, its DRAM device
    or the workload. watch: called as watch(work, done, total) during the run.

    `result.totals.cycles.total` is a number, `result.layers` and `result.totals.frame` are pandas DataFrames. Raises
    InputError with every fault.
    """
    named = {
        "trace": _as_text(trace),
        "batch": batch,
        "seed": seed,
        "spikes": spikes,
        "weights": _as_text(weights),
        "images": _as_text(images),
        "rate": rate,
        "rates_scale": rates_scale,
        "schedule": schedule,
        "objective": objective,
        "chunk": chunk,
        "groups": groups,
        "exit_steps": exit_steps,
        "exit_confidence": exit_confidence,
        "mode": mode,
        "bptt": bptt,
    }
    if arch is None:
        arch = defaults.arch_for(mode or getattr(options, "mode", None))
    settings = [*chosen_parts(dram, optimizer), *texts_of(overrides)]
    shared = _fitted(sharing, where_possible=share_where_possible)
    file = None if rates is None else read_rates(Path(name_of(rates, "rates")))
    inputs = read_inputs(arch, workload, shared, lambda: _options(options, named, file), settings, file)
    with inputs.origins.telling():
        return simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)


def chosen_parts(dram: Name | None, optimizer: str | None) -> list[str]:
    """The settings that choose this DRAM and this optimizer in an architecture. Raises InputError if they are no
    names."""
    device = [] if dram is None else choosing(name_of(dram, "dram"))
    if not isinstance(optimizer, str | None):
        raise InputError(Fault(f"{shown(optimizer)} must be a name (lifsim list optimizers)", path="optimizer"))
    return [*device, *([] if optimizer is None else [f"{OPTIMIZER}={json.dumps(optimizer)}"])]


def _fitted(sharing: Sharing | str, *, where_possible: bool) -> Sharing | str:
    """The sharing, made where-possible if asked. Anything that is no sharing is left for `read_inputs` to refuse."""
    if where_possible:
        with suppress(InputError):
            return (sharing if isinstance(sharing, Sharing) else Sharing.parse(sharing)).where_it_fits()
    return sharing


def read_inputs(
    arch: Arch | Name,
    workload: Network | Name,
    sharing: Sharing | str,
    options: Callable[[], Examined[Options]],
    overrides: Sequence[str],
    rates: RatesFile | None = None,
) -> Inputs:
    """The inputs of a run, some of which may be objects already. rates: the file from which some of the options come.
    Raises InputError with the faults of all."""
    return gathered(
        lambda settings: given_arch(arch, settings),
        lambda settings, replaced: given_workload(workload, settings, replaced),
        lambda: sharing if isinstance(sharing, Sharing) else Sharing.parse(sharing),
        options,
        texts_of(overrides),
        rates,
    )


def texts_of(overrides: Sequence[str]) -> list[str]:
    """`overrides` as a sequence; a single one may be given as a text. Raises InputError if they are no texts."""
    texts = [overrides] if isinstance(overrides, str) else overrides
    if isinstance(texts, Mapping) or not isinstance(texts, Iterable):
        raise InputError(Fault(f"{shown(texts)} must be texts, each key=value", path="overrides"))
    listed = list(texts)
    if others := [one for one in listed if not isinstance(one, str)]:
        raise InputError(Fault(f"{shown(one)} must be a text, key=value", "overrides") for one in others)
    return listed


def _as_text(path: Name | None) -> str | None:
    """A path as text; anything else is left for the schema to refuse."""
    return fspath(path) if isinstance(path, PathLike) else path


def given_arch(given: Arch | Name, settings: Sequence[str]) -> Sourced[Arch]:
    """The architecture, given or named, with `settings`. Raises InputError with every fault, parts without a price
    included."""
    if not isinstance(given, Arch):
        return sourced_arch(name_of(given, "arch"), settings)
    if settings:
        return Sourced(priced_arch(arch_document(given), settings))
    if faults := list(price_faults(given)):
        raise InputError(faults)
    return Sourced(given)


def given_workload(
    given: Network | Name, settings: Sequence[str], replaced: Replaced = NONE_REPLACED
) -> Sourced[Network]:
    """The network, given or named, with `settings`, and the document that it was made from. replaced: which of its
    rates are not used. Raises InputError with every fault."""
    if not isinstance(given, Network):
        return sourced_network(override(read_workload(name_of(given, "workload")), settings), replaced)
    return Sourced(network_of(override(network_document(given), settings), replaced) if settings else given)


def _options(options: Options | None, named: Mapping[str, Any], rates: RatesFile | None) -> Examined[Options]:
    if not isinstance(options, Options | None):
        raise InputError(Fault(f"{shown(options)} must be an Options, or None", path="options"))
    given = {name: value for name, value in named.items() if value is not None}
    return examined_options({**(vars(options) if options else {}), **given}, rates)


def name_of(given: object, what: str) -> str:
    """The name or path `given` for `what`. Raises InputError if it is neither."""
    if not isinstance(given, str | PathLike):
        raise InputError(Fault(f"{shown(given)} must be a name, a path or an object", path=what))
    return fspath(given)
