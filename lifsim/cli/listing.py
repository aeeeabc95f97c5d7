"""`lifsim list`: the names that `--arch`, `--workload` and `--sharing` accept, and those that their files may use."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from lifsim.cli.completing import copied
from lifsim.cli.say import say
from lifsim.config.document import read_document
from lifsim.config.resolve import Kind, available, find
from lifsim.errors import Fault, InputError, visible
from lifsim.files import check_targets
from lifsim.interchange.satasim import unique_names
from lifsim.placing import Placed, place_file
from lifsim.registry import registry_of
from lifsim.report.width import ENDLESS, terminal_columns, wrapped
from lifsim.units import format_bytes

_SHARINGS = {
    "none": "every LIF layer has its own membranes",
    "layer": "consecutive LIF layers of one shape, or of one `group:`, share their membranes",
    "channelN": "the channels of a layer, in N >= 2 groups, use one set of membranes in turn",
    "layer+channelN": "both",
}

_KINDS: dict[str, Kind] = {"archs": "arch", "workloads": "workload", "drams": "dram"}

_MEMBERS = {
    "dataflows": "dataflow",
    "sparsities": "sparsity",
    "neurons": "neuron",
    "layers": "layer",
    "memories": "memory",
    "accountings": "accounting",
    "optimizers": "optimizer",
    "keepings": "keeping",
    "readers": "reader",
}


def _kernels() -> dict[str, str]:
    """The kernels of the component table."""
    from lifsim.hardware.components import kernels

    return {name: f"{', '.join(sizes)} {'bit' if [*sizes] == ['1'] else 'bits'}" for name, sizes in kernels().items()}


def _datasets() -> dict[str, str]:
    """Names of the data sets that the engine can train on."""
    from lifsim.engine.data import SHIPPED

    return {name: one.title for name, one in SHIPPED.items()}


_TABLES: dict[str, Callable[[], dict[str, str]]] = {
    "sharings": lambda: _SHARINGS,
    "kernels": _kernels,
    "datasets": _datasets,
}
"""What is listed of kinds that are neither files nor registered members."""


class What(click.Choice[str]):
    """A plural; its singular means the same."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Click's hook."""
        plural = next((one for one in self.choices if _singular(one) == value), value)
        return super().convert(plural, param, ctx)


def _singular(plural: str) -> str:
    return plural.removesuffix("ies") + "y" if plural.endswith("ies") else plural.removesuffix("s")


@click.command()
@click.argument("what", metavar="WHAT", type=What([*_KINDS, *_TABLES, *_MEMBERS]))
@click.option(
    "--copy", nargs=2, metavar="NAME FILE", default=None, shell_complete=copied, type=str,
    help="Copy the file of NAME to FILE, to edit it there; the copy gets FILE's name.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def listing(what: str, copy: tuple[str, str] | None, force: bool) -> None:
    """List the names that --arch, --workload, --dram, --sharing and --data accept, and those that architecture and
    workload files may use.

    WHAT is one of archs, workloads, drams, sharings; kernels (the arithmetic units of which components are made, with
    the bit widths that have a price); dataflows, sparsities, memories, accountings; neurons, layers; readers (of
    PyTorch's neurons, for lifsim.record); optimizers, keepings and datasets (to train on). The singular (dram) works,
    too.

    Files of the folders in $LIFSIM_PATH (separated as in $PATH) are listed too, and come before shipped ones. Members
    that other packages add are listed with the package that they come from; one that cannot be used is reported, and
    the exit code is 2.

    \b
    Examples:
      lifsim list archs
      lifsim list sharings
      lifsim list dataflows
      lifsim list neurons
      lifsim list layers
      lifsim list kernels
      lifsim list archs --copy sata128 results/my_machine.yaml
      lifsim run --arch results/my_machine.yaml --set array.rows=8
    """
    if copy is not None:
        if what not in _KINDS:
            raise InputError(Fault(f"must go with {', '.join(_KINDS)}: {what} are no files", path="--copy"))
        say(str(_copied(_KINDS[what], copy[0], Path(copy[1]), force=force)))
        return
    if what in _TABLES:
        rows = _TABLES[what]()
    else:
        rows = _registered(_MEMBERS[what]) if what in _MEMBERS else _described(_KINDS[what])
    width = max(map(len, rows), default=0)
    columns = terminal_columns() if sys.stdout.isatty() else ENDLESS  # a line each for who reads a pipe
    for name, description in rows.items():
        say(*wrapped(visible(f"{name:{width}}  {description}".rstrip()), columns, indent=width + 2))
    if what in _MEMBERS and (unfit := registry_of(_MEMBERS[what]).unfit):
        raise InputError(dict.fromkeys(unfit.values()))


def _copied(kind: Kind, name: str, target: Path, *, force: bool) -> Placed:
    """The file of `name` at `target`; of an architecture or a workload under a name of its own, so that results of the
    two can be told apart."""
    source = find(kind, name)
    check_targets([target], [source], replace=True)
    text = source.read_text(encoding="utf-8")
    if kind != "dram":
        own = unique_names([target.stem])[0]
        text = re.sub(r"^name:.*$", f"name: {own}", text, count=1, flags=re.MULTILINE)
    return place_file(target, text.encode(), replace=force)


def _registered(kind: str) -> dict[str, str]:
    """The title of each member, with the package of those that LIFSim does not ship."""
    registry = registry_of(kind)
    return {name: _titled(member.title, registry.origin(name).package) for name, member in registry.items()}


def _titled(title: str, package: str) -> str:
    return title if package == "lifsim" else f"{title} (package {package})"


def _described(kind: Kind) -> dict[str, str]:
    return {name: _description(kind, name) for name in available(kind)}


def _description(kind: Kind, name: str) -> str:
    """The description in a file; faults are for `lifsim check` to report."""
    try:
        data = read_document(find(kind, name)).data
    except InputError:
        return ""
    said = str(data.get("description") or data.get("name") or "") if isinstance(data, dict) else ""
    return said + _capacity(name) if kind == "dram" else said


def _capacity(name: str) -> str:
    """The capacity of a device, which decides whether a run fits."""
    from lifsim.config.dram import load_dram

    try:
        return f": {format_bytes(load_dram(name).organisation.capacity_bytes)}"
    except InputError:
        return ""
