"""`lifsim import torch`: checkpoints of PyTorch."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.completing import workloads
from lifsim.cli.say import say
from lifsim.config.resolve import find
from lifsim.errors import InputError
from lifsim.files import check_targets
from lifsim.placing import place_file, taken_fault

_FILE = click.Path(path_type=Path)


@click.command("torch")
@click.argument("state", type=_FILE)
@click.option(
    "--workload",
    shell_complete=workloads,
    required=True,
    metavar="NAME|FILE",
    help="The network that the weights belong to.",
)
@click.option("--key", metavar="NAME", help="Which state_dict of a file that holds several, such as model_ema.")
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="Where to write the weights (.npz).")
@click.option(
    "--out-workload",
    type=_FILE,
    metavar="FILE",
    help="Take the neurons of the file (thresholds, leaks, resets), and write the workload with them.",
)
@click.option("--force", is_flag=True, help="Replace existing files.")
def import_torch(
    state: Path, workload: str, key: str | None, out: Path, out_workload: Path | None, force: bool
) -> None:
    """Import the weights of a PyTorch network from STATE.

    STATE is a file written by torch.save(model.state_dict(), FILE), a .safetensors file, or an .npz file from
    numpy.savez(FILE, **arrays). PyTorch is not needed, and no code in the file is run.

    Modules are matched by name, else by shape and order; a note says so. Parameters of snnTorch's neurons (threshold,
    beta, alpha, R, C, reset) and of SpikingJelly's ParametricLIFNode (w) must agree with the workload, unless
    --out-workload takes them over. Weights that torch.nn.utils.prune has pruned are multiplied by their masks.

    \b
    Examples:
      lifsim train --workload digits_cnn --epochs 2 --out results/state.npz
      lifsim import torch results/state.npz --workload digits_cnn \\
          --out results/imported_weights.npz
      lifsim run --workload digits_cnn --spikes engine \\
          --weights results/imported_weights.npz
    """
    from lifsim.config.workload import load_workload
    from lifsim.engine.weights import npz_bytes
    from lifsim.interchange.text import yaml_bytes
    from lifsim.interchange.torch_file import read_state
    from lifsim.interchange.torch_state import imported_state

    targets = [out] if out_workload is None else [out, out_workload]
    check_targets(targets, [state, find("workload", workload)], replace=True)
    network = load_workload(workload)
    saved = read_state(state, key)
    take = out_workload is not None
    imported = imported_state(saved.arrays, network, str(state), ordered=saved.ordered, take_neurons=take)
    files = {out: npz_bytes(imported.weights)}
    if out_workload is not None:
        files[out_workload] = yaml_bytes(dict(imported.network.definition))
    faults = [fault for path, data in files.items() if not force and (fault := taken_fault(path, data))]
    if faults:
        raise InputError(faults)
    for note in (*saved.notes, *imported.notes):
        say(f"note: {note}", err=True)
    for path, data in files.items():
        say(str(place_file(path, data, replace=force)))
