"""`lifsim import nir` and `lifsim export nir`: graphs of the neuromorphic intermediate representation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lifsim.cli.completing import workloads
from lifsim.cli.say import say
from lifsim.config.document import Document, Mark
from lifsim.config.resolve import find
from lifsim.config.workload import load_workload, parse_workload
from lifsim.errors import InputError
from lifsim.files import beside, check_targets
from lifsim.interchange.satasim import unique_names
from lifsim.interchange.text import yaml_bytes
from lifsim.placing import place_file, taken_fault

USUAL_DT = 1e-4
"""Seconds, as in the experiments of NIR's paper."""

_FILE = click.Path(path_type=Path)
_FORCE = click.option("--force", is_flag=True, help="Replace existing files.")
_DT = click.option(
    "--dt",
    type=click.FloatRange(1e-9, 1e3),
    default=USUAL_DT,
    show_default=True,
    help="Length of a timestep in seconds: NIR has differential equations. Norse takes 0.001.",
)


@click.command("nir")
@click.argument("graph", type=_FILE)
@click.option("--timesteps", required=True, type=click.IntRange(1, 1024), help="T of the network.")
@_DT
@click.option(
    "--reset", type=click.Choice(["hard", "soft"]), default="hard", show_default=True,
    help="Whether a spike sets the membrane to v_reset, or subtracts v_threshold.",
)  # fmt: skip
@click.option(
    "--encoding", type=click.Choice(["event", "direct"]), default="event", show_default=True,
    help="Whether the input is spikes at every timestep (event), or one image (direct).",
)  # fmt: skip
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="Where to write the workload.")
@click.option(
    "--out-weights", type=_FILE, metavar="FILE", help="Where to write the weights (.npz).  [default: <out>_weights.npz]"
)
@_FORCE
def import_nir(graph: Path, out: Path, out_weights: Path | None, **said: Any) -> None:
    """Import the network and the weights of a NIR GRAPH (.nir). Needs h5py: pip install "lifsim[nir]".

    What a NIR file does not say is asked for; what was taken is listed. LI and other nodes that put out no spikes may
    only be read-outs. Recurrent graphs are refused.

    \b
    Examples:
      lifsim import nir docs/samples/network.nir --timesteps 10 \\
          --out results/from_nir.yaml
      lifsim run --workload results/from_nir.yaml --spikes engine \\
          --weights results/from_nir_weights.npz
    """
    from lifsim.engine.weights import checked_weights, npz_bytes
    from lifsim.interchange.nir_file import read_nir
    from lifsim.interchange.nir_in import Unsaid, workload_from_nir
    from lifsim.interchange.nir_neurons import Step

    weights = out_weights or beside(out, "_weights.npz")
    check_targets([out, weights], [graph], replace=True)
    unsaid = Unsaid(said["timesteps"], said["encoding"], Step(said["dt"], hard=said["reset"] == "hard"))
    imported, arrays = workload_from_nir(read_nir(graph), unique_names([out.stem])[0], str(graph), unsaid)
    network = parse_workload(Document(str(out), imported.data, {(): Mark(str(graph))}))
    files = {weights: npz_bytes(checked_weights(network, arrays, str(graph))), out: yaml_bytes(imported.data)}
    faults = [fault for path, data in files.items() if not said["force"] and (fault := taken_fault(path, data))]
    if faults:
        raise InputError(faults)
    for note in imported.notes:
        say(f"note: {note}", err=True)
    for path, data in files.items():
        say(str(place_file(path, data, replace=said["force"])))


@click.group("export")
def export() -> None:
    """Turn networks of LIFSim into files of other tools.

    \b
    Examples:
      lifsim import nir docs/samples/network.nir --timesteps 10 \\
          --out results/from_nir.yaml
      lifsim export nir results/from_nir.yaml \\
          --weights results/from_nir_weights.npz --out results/back.nir
    """


@export.command("nir")
@click.argument("workload", shell_complete=workloads)
@click.option("--weights", required=True, type=_FILE, metavar="FILE", help="Its weights (.npz).")
@_DT
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="Where to write the graph (.nir).")
@_FORCE
def export_nir(workload: str, weights: Path, dt: float, out: Path, force: bool) -> None:
    """Export a WORKLOAD and its weights as a NIR graph, batch norms folded. Needs nir: pip install "lifsim[nir]".

    \b
    Examples:
      lifsim import nir docs/samples/network.nir --timesteps 10 \\
          --out results/from_nir.yaml
      lifsim export nir results/from_nir.yaml \\
          --weights results/from_nir_weights.npz --out results/back.nir
    """
    from lifsim.engine.weights import load_weights
    from lifsim.interchange.nir_out import nir_bytes

    check_targets([out], [weights, find("workload", workload)], replace=True)
    network = load_workload(workload)
    data, notes = nir_bytes(network, load_weights(weights, network), dt)
    for note in notes:
        say(f"note: {note}", err=True)
    say(str(place_file(out, data, replace=force)))
