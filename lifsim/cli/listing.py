"""`lifsim list`: what `--arch`, `--workload` and `--sharing` know by name."""

from __future__ import annotations

import click

from lifsim.cli.say import say
from lifsim.config.document import read_document
from lifsim.config.resolve import Kind, available, find
from lifsim.errors import InputError

_SHARINGS = {
    "none": "every LIF layer has its own membranes",
    "layer": "consecutive LIF layers of one shape, or of one `group:`, share their membranes",
    "channelN": "the channels of a layer, in N >= 2 groups, use one set of membranes in turn",
    "layer+channelN": "both",
}

_KINDS: dict[str, Kind] = {"archs": "arch", "workloads": "workload", "drams": "dram"}


@click.command()
@click.argument("what", type=click.Choice(["archs", "workloads", "drams", "sharings"]))
def listing(what: str) -> None:
    """List the names that --arch, --workload, --dram and --sharing know.

    Files of the folders in $LIFSIM_PATH (separated as in $PATH) are listed too, and come before shipped ones.

    \b
    Examples:
      lifsim list archs
      lifsim list sharings
    """
    rows = _SHARINGS if what == "sharings" else _described(_KINDS[what])
    width = max(map(len, rows), default=0)
    for name, description in rows.items():
        say(f"{name:{width}}  {description}".rstrip())


def _described(kind: Kind) -> dict[str, str]:
    return {name: _description(kind, name) for name in available(kind)}


def _description(kind: Kind, name: str) -> str:
    """What a file says of itself; a faulty one is for `lifsim check` to judge."""
    try:
        data = read_document(find(kind, name)).data
    except InputError:
        return ""
    return str(data.get("description") or data.get("name") or "") if isinstance(data, dict) else ""
