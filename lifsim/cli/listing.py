"""`lifsim list`: what `--arch`, `--workload` and `--sharing` know by name, and what their files may name."""

from __future__ import annotations

import click

from lifsim.cli.say import say
from lifsim.config.document import read_document
from lifsim.config.resolve import Kind, available, find
from lifsim.errors import InputError, visible
from lifsim.registry import registry_of
from lifsim.report.width import terminal_columns, wrapped

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
}


@click.command()
@click.argument("what", type=click.Choice([*_KINDS, "sharings", *_MEMBERS]))
def listing(what: str) -> None:
    """List the names that --arch, --workload, --dram and --sharing know, and those that architectures and
    workloads may name.

    Files of the folders in $LIFSIM_PATH (separated as in $PATH) are listed too, and come before shipped ones.
    What other packages add is listed with the package that it comes from.

    \b
    Examples:
      lifsim list archs
      lifsim list sharings
      lifsim list dataflows
      lifsim list neurons
      lifsim list layers
    """
    if what == "sharings":
        rows = _SHARINGS
    else:
        rows = _registered(_MEMBERS[what]) if what in _MEMBERS else _described(_KINDS[what])
    width = max(map(len, rows), default=0)
    columns = terminal_columns()  # endless for who reads a pipe: a line each
    for name, description in rows.items():
        say(*wrapped(visible(f"{name:{width}}  {description}".rstrip()), columns, indent=width + 2))


def _registered(kind: str) -> dict[str, str]:
    """The title of each member; of other packages' the package."""
    registry = registry_of(kind)
    return {name: _titled(member.title, registry.origin(name).package) for name, member in registry.items()}


def _titled(title: str, package: str) -> str:
    return title if package == "lifsim" else f"{title} (package {package})"


def _described(kind: Kind) -> dict[str, str]:
    return {name: _description(kind, name) for name in available(kind)}


def _description(kind: Kind, name: str) -> str:
    """What a file says of itself; a faulty one is for `lifsim check` to judge."""
    try:
        data = read_document(find(kind, name)).data
    except InputError:
        return ""
    return str(data.get("description") or data.get("name") or "") if isinstance(data, dict) else ""
