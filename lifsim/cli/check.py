"""`lifsim check`: every fault of every file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from lifsim.cli.say import say
from lifsim.config.document import Document, read_document
from lifsim.config.file_kind import CONFIG, SWEEP, in_words, tree_kind
from lifsim.config.validate import parse_model
from lifsim.config.workload import parse_workload
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec
from lifsim.simulate.inputs import priced_arch
from lifsim.simulate.options import Options
from lifsim.simulate.spikes import missing_spikes, spike_faults


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check files of architectures, workloads and DRAM devices. The keys of a file tell which of them it is.

    Every fault of every file is listed as FILE:LINE:COLUMN KEY: VALUE must RULE, and the exit code is 2. A trace that a
    workload names must fit it. If a workload does not say where its spikes come from, the options that lifsim run then
    needs are listed.

    \b
    Examples:
      lifsim check docs/samples/my_arch.yaml docs/samples/my_network.yaml
      lifsim check arch_configs/*.yaml arch_configs/dram/*.yaml workloads/*.yaml
    """
    faults: list[Fault] = []
    for file in files:
        try:
            found = _check(file)
            say(f"{file}: ok ({found.kind})", *(f"{file}: {line}" for line in found.told))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)


@dataclass(frozen=True)
class Checked:
    """kind: what a file is. told: what a run would say of it, and the options that it would need."""

    kind: str
    told: tuple[str, ...] = ()


def _check(file: Path) -> Checked:
    """Read `file` as what its keys say it is."""
    document = read_document(file)
    keys = set(document.data) if isinstance(document.data, dict) else set()
    kind, parse, known = max(_PARSERS, key=lambda parser: len(keys & parser[2]))
    other = tree_kind(document.data)
    if keys and (not keys & known or other in (CONFIG, SWEEP)):
        rule = f"must have the keys of an architecture, a workload or a DRAM device{in_words(other)}"
        raise InputError([*document.faults, document.fault((), rule)])
    return Checked(kind, parse(document))


def _arch(document: Document) -> tuple[str, ...]:
    arch = priced_arch(document)
    lender = arch.components_of if "components" not in document.data else None
    return (f"it names no components: those of {lender} are priced",) if lender else ()


def _device(document: Document) -> tuple[str, ...]:
    parse_model(DramSpec, document)
    return ()


def _workload(document: Document) -> tuple[str, ...]:
    """Ask as a run without other options does."""
    network = parse_workload(document)
    if faults := spike_faults(network, Options()):
        raise InputError(replace(fault, source=fault.source or document.source) for fault in faults)
    return tuple(f"to be run, {fault}" for fault in missing_spikes(network, Options()))


_PARSERS: tuple[tuple[str, Callable[[Document], tuple[str, ...]], frozenset[str]], ...] = (
    ("architecture", _arch, frozenset({"array", "buffers", "components", "dram", "clock_hz"})),
    ("workload", _workload, frozenset({"layers", "timesteps", "input", "spikes", "extends", "set"})),
    ("DRAM device", _device, frozenset({"organisation", "mapping", "timing", "controller"})),
)
