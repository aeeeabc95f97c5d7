"""`lifsim plot fig10`."""

from __future__ import annotations

import click

from lifsim.cli.completing import archs, sharings, workloads
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.option_values import number
from lifsim.cli.plot.output import Output
from lifsim.cli.shared_options import set_option
from lifsim.cli.where_possible import say_left, where_possible_option
from lifsim.config import defaults


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot fig10 --networks vgg9_cifar10 --buffers 8KiB,32KiB \\
      --out figures/fig10_vgg9.pdf
  lifsim plot fig10 --networks lenet5_mnist --sharing none,channel2 \\
      --set buffers.weight.size_bytes=1MiB --buffers 4KiB:16KiB:x2 \\
      --out figures/fig10_lenet5.svg
""",
)
@click.option("--arch", shell_complete=archs, metavar="NAME|FILE", default=defaults.ARCH, show_default=True,
              help="Architecture.")  # fmt: skip
@click.option(
    "--networks",
    shell_complete=workloads,
    metavar="NAME|FILE,...",
    help="Networks; the map is drawn for the last one. Default: VGG-16 on CIFAR10, Tiny ImageNet and ImageNet-100.",
)
@click.option(
    "--sharing",
    shell_complete=sharings,
    metavar="SHARING,...",
    default=",".join(defaults.FIG10_SHARINGS),
    show_default=True,
    help="Sharings; bytes are relative to the first one's.",
)
@click.option("--mini-batch", metavar="N", callback=number, default=str(defaults.FIG10_MINI_BATCH), show_default=True,
              help="Images of the batch that is drawn beside a single image.")  # fmt: skip
@click.option("--buffers", metavar="SIZE,...|A:B:xN", default=defaults.FIG10_BUFFERS, show_default=True,
              help="Sizes of the membrane buffer in the map.")  # fmt: skip
@where_possible_option
@set_option("Change a key of the architecture or the workloads.", "settings")
@options_of(Output, "output")
def fig10(
    arch: str,
    networks: str | None,
    sharing: str,
    mini_batch: int,
    buffers: str,
    share_where_possible: bool,
    settings: tuple[str, ...],
    output: Output,
) -> None:
    """DRAM bytes of sharings under every kind of schedule.

    Above: one panel per network and batch, one line per kind of schedule, one mark per sharing; bytes are relative to
    the first sharing's, tick-batched. Below: the best named schedule of each sharing, and the best of all, over sizes
    of the membrane buffer, for one image.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig10 as figure
    from lifsim.report.plot.drawing import Asked
    from lifsim.report.plot.kinds import read_compared

    target = output.place("fig10")
    asked = [name.strip() for name in networks.split(",")] if networks else []
    named = [name.strip() for name in sharing.split(",")]
    _, compared = Asked(target, style=output.style, size=output.size).page_beside(
        lambda: read_compared(arch, settings, asked, named, mini_batch, buffers, where_possible=share_where_possible)
    )
    say_left(compared.networks, map(str, compared.sharings) if share_where_possible else ())
    with watching() as watch:
        figure(
            arch=arch,
            overrides=settings,
            networks=asked,
            sharings=named,
            mini_batch=mini_batch,
            buffers=buffers,
            share_where_possible=share_where_possible,
            out=target,
            style=output.style,
            size=output.size,
            watch=watch,
        )
