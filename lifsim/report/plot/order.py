"""The figure of the order of work of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.errors import Fault, InputError, collecting, did_you_mean, shown
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.subject import Subject
from lifsim.report.plot.drawing import Asked, Out, drawn
from lifsim.simulate.options import Options
from lifsim.simulate.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lifsim.report.figures.schedule_work import Over, Part


def schedule(
    result: Result,
    *,
    layers: str | None = None,
    image: int | None = None,
    over: Over = "cycles",
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
) -> Figure:
    """When each layer of a run works on which rows of which timestep, and what is on chip meanwhile.

    layers: `conv1:conv3`, a range; None: all. image: draw only work on this image of the batch, from 1, alone or
    together with others; None: all images. over: the horizontal axis, "cycles" as they were played, or "visits" of
    equal width.
    """
    from lifsim.report.figures import schedule as figure_of_order
    from lifsim.report.figures import schedule_work

    page, part = Asked(out, force, style, size).page_beside(
        lambda: part_asked(result.network, result.options, result.arch, layers, image, over)
    )
    if result.plan is None:
        raise ValueError(f"{result.name} must have a schedule")
    names = [layer.name for layer in result.network.layers]
    table = schedule_work.part_of(schedule_work.work_table(result, result.plan, over), names, part)
    pieces = schedule_work.joined(table, over)
    lanes = figure_of_order.Lanes.of(pieces, names, result.network.timesteps)

    def draw(sheet: Sheet) -> Drawn:
        figure = figure_of_order.drawn(pieces, lanes, over, _title(result, part), sheet)
        return Drawn(figure, pieces, lambda: figure_of_order.thin_out(figure))

    return drawn(draw, page)


def part_asked(
    network: Network, options: Options, arch: Arch, layers: str | None, image: int | None, over: str
) -> Part:
    """The part of a run that is to be drawn. Raises InputError with all that is wrong with it, and with a run that has
    no order to draw."""
    from lifsim.report.figures.schedule_work import OVERS, Part

    faults, first, last = list[Fault](), 0, len(network.layers) - 1
    if options.mode == "training":
        faults.append(Fault("training must be inference: the order of a way back is not drawn", path="mode"))
    default = Arch.model_fields["accounting"].default
    if arch.accounting != default:
        rule = f"{arch.accounting!r} must be {default}: without a schedule there is no order to draw"
        faults.append(Fault(rule, path="accounting"))
    if layers is not None:
        with collecting(faults):
            first, last = _span([layer.name for layer in network.layers], layers)
    batch = options.batch
    if image is not None and (not isinstance(image, int) or not 1 <= image <= (batch or image)):
        faults.append(Fault(f"{shown(image)} must lie in 1..{batch or 1}, the batch", path="image"))
    if over not in OVERS:
        faults.append(Fault(f"{shown(over)} must be one of {', '.join(OVERS)}{did_you_mean(over, OVERS)}", path="over"))
    if faults:
        raise InputError(faults)
    return Part(first, last, None if image is None else image - 1)


def _span(names: Sequence[str], layers: str) -> tuple[int, int]:
    """First and last of `conv1:conv3`, or of `conv1`, which is but one. Raises InputError."""
    if not isinstance(layers, str):
        raise InputError(Fault(f"{shown(layers)} must be FIRST:LAST", path="layers"))
    colons = [place for place, sign in enumerate(layers) if sign == ":"]
    ways = [(layers, layers), *((layers[:place], layers[place + 1 :]) for place in colons)]
    known = [(names.index(first), names.index(last)) for first, last in ways if first in names and last in names]
    for first, last in known:
        if first <= last:
            return first, last
    if known:
        raise InputError(Fault(f"{layers!r} must be FIRST:LAST in the network's order", path="layers"))
    ends = ways[-1] if len(colons) == 1 else (layers,)
    unknown = [end for end in dict.fromkeys(ends) if end not in names]
    raise InputError(
        Fault(f"{end!r} must be a layer, or FIRST:LAST{did_you_mean(end, names)}", path="layers") for end in unknown
    )


def _title(result: Result, part: Part) -> str:
    batch, names = result.options.batch, [layer.name for layer in result.network.layers]
    drawn_of = [] if batch is None else [batch]
    subject = Subject([result.network.name], result.arch.name, [result.network.timesteps], drawn_of)
    more = [f"sharing {result.sharing}", f"schedule {result.schedule_words}"]
    if (part.first, part.last) != (0, len(names) - 1):
        more.append(" to ".join(dict.fromkeys([names[part.first], names[part.last]])))
    if part.image is not None:
        more.append(f"image {part.image + 1}")
    return subject.title(*more)
