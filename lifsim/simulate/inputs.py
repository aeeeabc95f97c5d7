"""The inputs of a run, from names and files; the faults of all of them are reported together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifsim.accounting.prices import price_faults
from lifsim.config.arch import examine_arch, parse_arch
from lifsim.config.device import unread_faults, with_device
from lifsim.config.document import Document, Mark, read_document
from lifsim.config.file_kind import CONFIG, in_words, tree_kind
from lifsim.config.given_rates import NONE_REPLACED, Replaced, at_given_rates, rate_faults
from lifsim.config.origins import Origins, Sourced
from lifsim.config.overrides import override
from lifsim.config.resolve import find
from lifsim.config.validate import Examined, examine, in_reading_order
from lifsim.config.workload import network_of, read_workload
from lifsim.config.workload_schema import Workload
from lifsim.errors import Fault, InputError, collecting, did_you_mean
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.schema import known
from lifsim.model.sharing import Sharing
from lifsim.schedule.begins import begins_of
from lifsim.simulate.exits import exit_faults, usual_batch
from lifsim.simulate.options import Options, Rates, examined_options, replaced_rates
from lifsim.simulate.spikes import missing_spikes
from lifsim.simulate.unread import unread_options, unread_settings
from lifsim.trace.opening import open_trace

if TYPE_CHECKING:
    from lifsim.config.rates_file import RatesFile

CONFIG_KEYS = ("arch", "workload", "sharing", "options")


@dataclass(frozen=True)
class Inputs:
    """Everything that determines a run. origins: where its keys stand."""

    arch: Arch
    network: Network
    sharing: Sharing
    options: Options
    origins: Origins = field(default=Origins(), compare=False, repr=False)


def load_inputs(
    arch: str,
    workload: str,
    sharing: str,
    options: Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    where_possible: bool = False,
    rates: RatesFile | None = None,
) -> Inputs:
    """Resolve names, apply `--set` overrides to the file that has their key, parse, and check that the inputs fit each
    other. where_possible: layers that `sharing` does not fit keep their own membranes. rates: applied before those in
    `options`.

    Raises InputError with the faults of all inputs together.
    """
    return gathered(
        lambda settings: sourced_arch(arch, settings),
        lambda settings, replaced: sourced_network(override(read_workload(workload), settings), replaced),
        lambda: Sharing.parse(sharing).where_it_fits() if where_possible else Sharing.parse(sharing),
        lambda: examined_options(options, rates),
        overrides,
        rates,
    )


def load_config(path: Path, overrides: Sequence[str] = ()) -> Inputs:
    """The inputs in a config.resolved.yaml. Raises InputError with every fault."""
    document = read_document(path)
    if not isinstance(document.data, dict):
        raise InputError(document.mark(()).fault((), "must be a mapping of arch, workload, sharing and options"))
    if (other := tree_kind(document.data)) and other != CONFIG:
        message = f"must be a config.resolved.yaml that a run has written{in_words(other)}"
        raise InputError(document.mark(()).fault((), message))
    faults = [*document.faults]
    for key in document.data:
        if key not in CONFIG_KEYS:
            message = f"{key!r} must be a known key{did_you_mean(key, CONFIG_KEYS)}"
            faults.append(document.mark((key,)).fault((key,), message))

    def part(key: str) -> Document:
        if key in document.data:
            return document.part((key,))
        raise InputError(document.mark(()).fault((key,), "must be given"))

    def sharing() -> Sharing:
        mark = part("sharing").mark(())
        try:
            return Sharing.parse(document.data["sharing"])
        except InputError as error:
            raise InputError([mark.fault(("sharing",), fault.message) for fault in error.faults]) from None

    def options() -> Examined[Options]:
        found = examine(Options, part("options"))
        faults = (replace(fault, path=f"options.{fault.path}".rstrip(".")) for fault in found.faults)
        return replace(found, faults=tuple(faults))

    with collecting(faults):
        inputs = gathered(
            lambda settings: _priced(part("arch"), settings),
            lambda settings, replaced: sourced_network(override(part("workload"), settings), replaced),
            sharing,
            options,
            overrides,
        )
    if faults:
        raise InputError(in_reading_order(faults, document.source))
    return inputs


def gathered(
    arch: Callable[[Sequence[str]], Sourced[Arch]],
    workload: Callable[[Sequence[str], Replaced], Sourced[Network]],
    sharing: Callable[[], Sharing],
    options: Callable[[], Examined[Options]],
    overrides: Sequence[str],
    rates: RatesFile | None = None,
) -> Inputs:
    """Read each input, even if those before it are faulty. Architecture and workload get the `overrides` of their own
    keys, the workload also the rates that options replace. rates: the file from which some of the options' rates come.
    Raises InputError with the faults of all inputs, and with those of their combination."""
    faults, of_options = list[Fault](), list[Fault]()
    for_arch, for_workload = split_overrides(overrides, faults)
    machine = network = checked_sharing = examined = None
    origins = Origins()
    with collecting(of_options):
        examined = options()
        of_options += examined.faults
    with collecting(faults):
        read_arch = arch(for_arch)
        machine, origins = read_arch.what, replace(origins, arch=read_arch.document)
    with collecting(faults):
        read_network = workload(for_workload, replaced_rates(examined.model) if examined else NONE_REPLACED)
        network, origins = read_network.what, replace(origins, workload=read_network.document)
    with collecting(faults):
        checked_sharing = sharing()
    faults += of_options
    if network is not None and checked_sharing is not None:
        with collecting(faults), origins.telling():
            states_of(network, checked_sharing)
    if network is not None and examined is not None:
        with collecting(faults):
            begins_of(network, known(examined.model, "groups", ()) or ())
        faults += exit_faults(network, examined.model, usual_batch(network, examined.model))
        faults += _spike_faults(network, examined, rates)
    if examined is not None:
        faults += unread_settings(for_arch, known(examined.model, "mode", "training"))
    if not faults and network is not None and checked_sharing is not None and examined is not None:
        faults += unread_options(network, checked_sharing, examined.model)
    if faults and examined is not None:  # else its reader reports the fault
        with collecting(faults):
            _require_trace(known(examined.model, "trace", None), network)
    if faults or machine is None or network is None or checked_sharing is None or examined is None:
        raise InputError(dict.fromkeys(faults))
    return Inputs(machine, network, checked_sharing, examined.model, origins)


def _spike_faults(network: Network, examined: Examined[Options], rates: RatesFile | None) -> Iterator[Fault]:
    """Faults of the rates that a run is given, and a fault if nothing says where its spikes come from."""
    given = known(examined.model, "rate", ()) or ()
    for fault in rate_faults(network, given) if given and not (rates and rates.faults) else ():
        yield rates.placed(fault) if rates else fault
    if not examined.faults and not (rates and rates.faults):
        yield from missing_spikes(network, examined.model)


def at_told_rates(
    read: Callable[[Replaced], Network], rate: Rates | None, rates: Path | None, weights: str | None = None
) -> Network:
    """The network from `read`, which is told which of its own rates are replaced, at the rates given by the file
    `rates` and then by the option. weights: those of the engine; trained ones fire at rates of their own. Raises
    InputError with every fault; one of the table with its line."""
    from lifsim.config.rates_file import read_rates

    table = None if rates is None else read_rates(rates)
    engine = None if weights is None else "engine"
    examined = examined_options({"rate": rate, "weights": weights, "spikes": engine}, table)
    if examined.faults:
        raise InputError(examined.faults)
    network, words = read(replaced_rates(examined.model)), examined.model.rate
    if faults := [] if words is None else [*rate_faults(network, words)]:
        raise InputError(faults if table is None else map(table.placed, faults))
    return at_given_rates(network, words)


def _require_trace(path: Path | None, network: Network | None) -> None:
    """Raises InputError if a trace cannot be read or does not fit."""
    if path is not None:
        open_trace(path, network).close()


def named_arch(name: str, settings: Sequence[str], *, priced: bool = True) -> Arch:
    """The architecture `name` with `settings`. priced: whether every part must have a price. Raises InputError with all
    faults; if the file cannot be read, those of the settings are still reported."""
    document = _arch_document(name, settings)
    return priced_arch(document, settings) if priced else parse_arch(document, settings)


def sourced_arch(name: str, settings: Sequence[str]) -> Sourced[Arch]:
    """`named_arch`, with its document."""
    return _priced(_arch_document(name, settings), settings)


def sourced_network(document: Document, replaced: Replaced = NONE_REPLACED) -> Sourced[Network]:
    """The network that `document` describes. replaced: which of its rates are not used. Raises InputError with every
    fault."""
    return Sourced(network_of(document, replaced), document)


def settings_faults(settings: Sequence[str]) -> list[Fault]:
    """Faults of settings that hold for any architecture: their form, keys that no architecture has, bad values, an
    unknown DRAM device."""
    # Entries of a list are named in the file, which may also give all required keys.
    alone = [one for one in settings if one.partition(".")[0].strip() != "components"]
    found = examine(Arch, with_device(Document("", {}, {(): Mark("")}), alone, {}), keys_alone=True)
    return [fault for fault in found.faults if fault.source and fault.message != "must be given"]


def priced_arch(document: Document, overrides: Sequence[str] = ()) -> Arch:
    """The architecture that `document` describes. Raises InputError with all its faults, parts without a price and
    `overrides` that its memory model does not read among them."""
    return _priced(document, overrides).what


def _arch_document(name: str, settings: Sequence[str]) -> Document:
    try:
        return read_document(find("arch", name))
    except InputError as error:
        raise InputError([*error.faults, *settings_faults(settings)]) from error.__cause__


def _priced(document: Document, overrides: Sequence[str]) -> Sourced[Arch]:
    whole, found = examine_arch(document, overrides)
    unpriced = [whole.placed(fault) for fault in price_faults(found.model)]
    faults = [*found.faults, *unpriced, *unread_faults(whole, overrides)]
    if faults:
        raise InputError(in_reading_order(faults, document.source))
    return Sourced(found.model, whole)


def split_overrides(overrides: Sequence[str], faults: list[Fault]) -> tuple[list[str], list[str]]:
    """Overrides of the architecture and of the workload, distinguished by their first key; others add to `faults`.
    `memory.` stands for `dram.`."""
    for_arch, for_workload = [], []
    for given in overrides:
        text = re.sub(r"^\s*memory\.", "dram.", given)
        key = text.partition("=")[0].strip().partition(".")[0].partition("[")[0]
        if key in Arch.model_fields:
            for_arch.append(text)
        elif key in Workload.model_fields:
            for_workload.append(text)
        else:
            from lifsim.config.leaf_keys import full_keys

            hint = did_you_mean(key, [*dict.fromkeys([*Arch.model_fields, *Workload.model_fields])])
            if meant := full_keys((Arch, Workload), key):
                hint = f"; did you mean {' or '.join(meant)}?"
            message = f"{key!r} must be a key of the architecture or the workload{hint}"
            faults.append(Fault(message, source=f"--set {given}"))
    return for_arch, for_workload
