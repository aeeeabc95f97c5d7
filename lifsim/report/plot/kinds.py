"""The figure of sharings under every kind of schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.config import defaults
from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.subject import Subject
from lifsim.report.plot.bottom import read_networks
from lifsim.report.plot.drawing import Asked, Name, Out, drawn
from lifsim.sweeps.values import parse_values
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BUFFER = "buffers.membrane.size_bytes"


@dataclass(frozen=True)
class Compared:
    """Whose DRAM bytes are compared: in batches of one image and of `mini_batch`; the last network over `buffers`."""

    networks: tuple[Network, ...]
    sharings: tuple[Sharing, ...]
    arch: Arch
    mini_batch: int
    buffers: tuple[int, ...]


def fig10(
    *,
    arch: Arch | Name = defaults.ARCH,
    overrides: Sequence[str] = (),
    networks: Sequence[Network | Name] = (),
    sharings: Sequence[Sharing | str] = defaults.FIG10_SHARINGS,
    mini_batch: int = defaults.FIG10_MINI_BATCH,
    buffers: str = defaults.FIG10_BUFFERS,
    share_where_possible: bool = False,
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
    watch: Watch = unwatched,
) -> Figure:
    """DRAM bytes of `networks` (none: VGG-16 on three data sets) under each of the `sharings` and every kind of
    schedule, single image and mini-batch, over those of the first sharing tick-batched; and, of one image of the last
    network, the best kind for each sharing over sizes of the membrane buffer.

    buffers: sizes, as an axis of a sweep has them: "8KiB,32KiB" or "8KiB:8MiB:x4". share_where_possible: layers that
    cannot share keep membranes of their own, instead of being a fault.
    """
    from lifsim.report import schedule_kinds
    from lifsim.report.figures import fig10 as figure_10

    page, asked = Asked(out, force, style, size).page_beside(
        lambda: read_compared(
            arch, overrides, networks, sharings, mini_batch, buffers, where_possible=share_where_possible
        )
    )
    batches = sorted({1, asked.mini_batch})
    cases = schedule_kinds.cases_of(asked.networks, batches, asked.arch, asked.networks[-1], asked.buffers)
    table = schedule_kinds.table(schedule_kinds.kind_rows(cases, asked.sharings, asked.arch, watch))
    names, timesteps = [one.name for one in asked.networks], [one.timesteps for one in asked.networks]
    watch("drawing", 0, 1)
    title = Subject(figure_10.named(names), asked.arch.name, timesteps, batches).title()
    return drawn(lambda sheet: Drawn(figure_10.drawn(table, title, sheet), table), page)


def read_compared(
    arch: Arch | Name,
    overrides: Sequence[str],
    networks: Sequence[Network | Name],
    sharings: Sequence[Sharing | str],
    mini_batch: int,
    buffers: str,
    *,
    where_possible: bool,
) -> Compared:
    """All that is named, read. Raises InputError with every fault."""
    faults: list[Fault] = []
    parsed, sizes = list[Sharing](), tuple[int, ...]()
    for name in sharings:
        with collecting(faults):
            sharing = Sharing.parse(str(name))
            parsed.append(sharing.where_it_fits() if where_possible else sharing)
    if not parsed and not faults:
        faults.append(Fault("must be at least one", path="sharings"))
    with collecting(faults):
        sizes = _sizes(buffers)
    with collecting(faults):
        found, machine = read_networks(networks or defaults.FIG10_NETWORKS, arch, mini_batch, overrides, parsed)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return Compared(found, tuple(dict.fromkeys(parsed)), machine, mini_batch, sizes)


MOST_BUFFERS = 8
"""Columns of the map: more are not legible."""


def _sizes(buffers: str) -> tuple[int, ...]:
    try:
        values = parse_values(BUFFER, buffers)
        if values.count > MOST_BUFFERS:
            raise InputError(f"{shown(buffers)} must be at most {MOST_BUFFERS} sizes, not {values.count}")
        sizes = [values[place] for place in range(values.count)]
    except InputError as error:
        raise InputError(Fault(fault.message, path="buffers") for fault in error.faults) from None
    wrong = [one for one in sizes if isinstance(one, bool) or not isinstance(one, int) or not 0 <= one < 1 << 50]
    if wrong:
        raise InputError(Fault(f"{shown(one)} must be a size, such as 32KiB", path="buffers") for one in wrong)
    return tuple(sorted({one for one in sizes if isinstance(one, int)}))
