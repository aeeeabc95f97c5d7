"""`lifsim import onnx`: networks of ONNX, their ReLUs as neurons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lifsim.cli.say import say

_FILE = click.Path(path_type=Path)


@click.command("onnx")
@click.argument("model", type=_FILE)
@click.option("--timesteps", required=True, type=click.IntRange(1, 1024), help="T of the network.")
@click.option(
    "--neurons", default="lif", show_default=True, metavar="MODEL",
    help="What ReLUs become: a name of `lifsim list neurons`, such as lif or if.",
)  # fmt: skip
@click.option("--tau", type=float, help="Time constant of lif neurons, in timesteps. [default: 1.33333]")
@click.option("--threshold", type=float, help="Threshold at which they fire. [default: 1]")
@click.option(
    "--reset", type=click.Choice(["soft", "hard"]),
    help="Whether a spike subtracts the threshold, or sets the membrane to 0.  [default: soft]",
)  # fmt: skip
@click.option(
    "--decay-input/--no-decay-input",
    default=None,
    help="Whether lif neurons divide their inputs by tau.  [default: yes]",
)
@click.option(
    "--encoding", "--input", "encoding", type=click.Choice(["direct", "rate", "event"]), default="direct",
    show_default=True,
    help="Whether the input is an image at every timestep, spikes drawn from it, or spikes.",
)  # fmt: skip
@click.option(
    "--out", type=_FILE, metavar="FILE", help="Where to write the workload.  [default: MODEL.yaml, in this folder]"
)
@click.option(
    "--out-weights", type=_FILE, metavar="FILE", help="Where to write the weights (.npz).  [default: <out>_weights.npz]"
)
@click.option("--force", is_flag=True, help="Replace existing files.")
def import_onnx(
    model: Path, timesteps: int, out: Path | None, out_weights: Path | None, force: bool, **said: Any
) -> None:
    """Import the network and the weights of an ONNX MODEL, with neurons in place of its ReLUs. Needs onnx: pip install
    "lifsim[onnx]".

    Lists what each operation became. Thresholds are not calibrated: no accuracy of the spiking network is claimed.
    Operations that LIFSim's networks do not have are refused, all in one message.

    \b
    Examples:
      lifsim import onnx docs/samples/network.onnx --timesteps 4 \\
          --neurons lif --out results/from_onnx.yaml
      lifsim run --workload results/from_onnx.yaml --rate 0.15
      lifsim run --workload results/from_onnx.yaml --spikes engine \\
          --weights results/from_onnx_weights.npz
    """
    from lifsim.interchange.onnx.api import import_onnx as imported_from

    target = out or Path(f"{model.stem}.yaml")
    imported = imported_from(model, timesteps, name=target.stem, **said)
    written = imported.save(target, out_weights, force=force)
    for note in imported.notes:
        say(f"note: {note}", err=True)
    for placed in written:
        say(str(placed))
