"""`lifsim check`: every fault of every file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from lifsim.cli.say import say
from lifsim.config.document import Document, read_document
from lifsim.config.file_kind import CONFIG, SWEEP, in_words, tree_kind
from lifsim.config.validate import parse_model
from lifsim.config.workload import parse_workload
from lifsim.errors import Fault, InputError
from lifsim.model.dram import DramSpec
from lifsim.simulate.inputs import priced_arch


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check files of architectures, workloads and DRAM devices; which of them a file is, its keys tell.

    Every fault of every file is listed as FILE:LINE:COLUMN KEY: VALUE must RULE, and the exit code is 2.

    \b
    Examples:
      lifsim check docs/samples/my_arch.yaml docs/samples/my_network.yaml
      lifsim check arch_configs/*.yaml arch_configs/dram/*.yaml workloads/*.yaml
    """
    faults: list[Fault] = []
    for file in files:
        try:
            say(f"{file}: ok ({_check(file)})")
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)


def _check(file: Path) -> str:
    """Reads `file` as what its keys say it is; the name of that kind."""
    document = read_document(file)
    keys = set(document.data) if isinstance(document.data, dict) else set()
    kind, parse, known = max(_PARSERS, key=lambda parser: len(keys & parser[2]))
    other = tree_kind(document.data)
    if keys and (not keys & known or other in (CONFIG, SWEEP)):
        rule = f"must have the keys of an architecture, a workload or a DRAM device{in_words(other)}"
        raise InputError([*document.faults, document.fault((), rule)])
    parse(document)
    return kind


_PARSERS: tuple[tuple[str, Callable[[Document], object], frozenset[str]], ...] = (
    ("architecture", priced_arch, frozenset({"array", "buffers", "components", "dram", "clock_hz"})),
    ("workload", parse_workload, frozenset({"layers", "timesteps", "input", "spikes", "extends", "set"})),
    ("DRAM device", partial(parse_model, DramSpec), frozenset({"organisation", "mapping", "timing", "controller"})),
)
