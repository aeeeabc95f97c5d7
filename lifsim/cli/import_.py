"""`lifsim import`: workloads, architectures and DRAMs of other simulators, weights of PyTorch, NIR and ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from lifsim.cli.checkpoint import import_torch
from lifsim.cli.nir import import_nir
from lifsim.cli.onnx import import_onnx
from lifsim.cli.say import say
from lifsim.config.arch import parse_arch
from lifsim.config.document import Document, Mark, read_document
from lifsim.config.resolve import find
from lifsim.config.validate import parse_model
from lifsim.config.workload import parse_workload
from lifsim.errors import Fault, InputError, collecting
from lifsim.files import beside, check_targets
from lifsim.interchange.dramsim3 import device_from_dramsim3
from lifsim.interchange.imported import Imported
from lifsim.interchange.satasim import arch_from_satasim, unique_names, workload_from_satasim
from lifsim.interchange.satasim_training import is_training_network, workload_from_training
from lifsim.interchange.scalesim import workload_from_scalesim
from lifsim.interchange.scalesim_config import arch_from_scalesim
from lifsim.interchange.text import yaml_bytes
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec
from lifsim.placing import place_file, taken_fault

BASE_ARCH = "sata128"
"""This architecture supplies what SCALE-Sim's configurations do not say."""

_FILE = click.Path(path_type=Path)
_OUT = click.option("--out", required=True, type=_FILE, metavar="FILE", help="Where to write the workload.")
_OUT_ARCH = click.option(
    "--out-arch", type=_FILE, metavar="FILE", help="Where to write the architecture.  [default: <out>_arch.yaml]"
)
_FORCE = click.option("--force", is_flag=True, help="Replace existing files.")


@click.group("import")
def import_() -> None:
    """Convert workloads, architectures and DRAMs of other simulators, weights of PyTorch, and networks of NIR and ONNX
    into LIFSim's files.

    \b
    Examples:
      lifsim import satasim docs/samples/satasim_workload.yaml \\
          --arch docs/samples/satasim_config.yaml --out results/sata_net.yaml
      lifsim import scalesim docs/samples/scalesim_topology.csv \\
          --config docs/samples/scalesim.cfg --out results/scale_net.yaml
      lifsim import dramsim3 docs/samples/dramsim3_device.ini \\
          --out results/ddr4.yaml
      lifsim train --workload digits_cnn --epochs 2 --out results/state.npz
      lifsim import torch results/state.npz --workload digits_cnn \\
          --out results/imported_weights.npz
    """


@import_.command()
@click.argument("workload", type=_FILE)
@click.option("--arch", type=_FILE, metavar="FILE", help="SATA_Sim's architecture file of the same run.")
@click.option(
    "--dram-nj", type=click.FloatRange(0), help="Read energy in mem-stat.yaml, if the DRAM is not the published one."
)
@click.option("--timesteps", type=click.IntRange(1, 1024), help="T, for a network of the training tool.")
@click.option("--sparsity", type=click.FloatRange(0, 1), help="Share of zeros, for a network of the training tool.")
@_OUT
@_OUT_ARCH
@_FORCE
def satasim(
    workload: Path,
    arch: Path | None,
    dram_nj: float | None,
    timesteps: int | None,
    sparsity: float | None,
    out: Path,
    out_arch: Path | None,
    force: bool,
) -> None:
    """Import a SATA_Sim WORKLOAD, and its architecture with SATA_Sim's own accounting.

    A workload is a file of inference-energy-cal (General, Layers), or a network of the training tool (config/,
    har_configs/), which needs --timesteps and --sparsity.

    \b
    Examples:
      lifsim import satasim docs/samples/satasim_workload.yaml \\
          --out results/sata_alone.yaml
      lifsim import satasim docs/samples/satasim_workload.yaml \\
          --arch docs/samples/satasim_config.yaml --out results/sata_pair.yaml \\
          --out-arch results/sata_machine.yaml
      lifsim run --arch results/sata_machine.yaml \\
          --workload results/sata_pair.yaml
    """

    def network() -> Imported:
        document = read_document(workload)
        if is_training_network(document):
            return workload_from_training(document, _name(out), timesteps, sparsity)
        if timesteps is not None or sparsity is not None:
            message = "--timesteps and --sparsity must not be given: a workload with General says both"
            raise InputError(Fault(message, source=str(workload)))
        return workload_from_satasim(document, _name(out))

    conversions = [_Conversion(out, network, parse_workload)]
    if arch is not None:
        target = out_arch or beside(out, "_arch.yaml")
        conversions.append(
            _Conversion(target, lambda: arch_from_satasim(read_document(arch), _name(target), dram_nj), parse_arch)
        )
    elif out_arch is not None or dram_nj is not None:
        raise click.UsageError("--out-arch and --dram-nj must go with --arch")
    _import(conversions, [workload] if arch is None else [workload, arch], force)


@import_.command()
@click.argument("topology", type=_FILE)
@click.option("--config", type=_FILE, metavar="FILE", help="SCALE-Sim's configuration (.cfg) of the same run.")
@_OUT
@_OUT_ARCH
@_FORCE
def scalesim(topology: Path, config: Path | None, out: Path, out_arch: Path | None, force: bool) -> None:
    """Import a SCALE-Sim TOPOLOGY (.csv), and the array, buffers and bandwidth of its configuration (of any version).

    The topology's header says what its columns hold: sizes of convolutions, or M, N, K. What a configuration does not
    say (clock, PEs, under InterfaceBandwidth: CALC the DRAM) is taken from the shipped architecture sata128. Columns
    and keys that are ignored, or read differently from SCALE-Sim, are listed.

    \b
    Examples:
      lifsim import scalesim docs/samples/scalesim_topology.csv \\
          --out results/scale_alone.yaml
      lifsim import scalesim docs/samples/scalesim_topology.csv \\
          --config docs/samples/scalesim.cfg --out results/scale_pair.yaml \\
          --out-arch results/scale_machine.yaml
    """
    conversions = [_Conversion(out, lambda: workload_from_scalesim(topology, _name(out)), parse_workload)]
    sources = [topology]
    if config is not None:
        sources += [config, find("arch", BASE_ARCH)]
        target, base = out_arch or beside(out, "_arch.yaml"), read_document(sources[-1])
        parse_arch(base)
        conversions.append(_Conversion(target, lambda: arch_from_scalesim(config, _name(target), base), parse_arch))
    elif out_arch is not None:
        raise click.UsageError("--out-arch must go with --config")
    _import(conversions, sources, force)


@import_.command()
@click.argument("device", type=_FILE)
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="Where to write the device.")
@_FORCE
def dramsim3(device: Path, out: Path, force: bool) -> None:
    """Import a DRAM from a DEVICE file of DRAMsim3 (configs/*.ini).

    Keys that are missing have DRAMsim3's defaults; these, and what is not used, are listed. GDDR and HMC are refused.

    \b
    Examples:
      lifsim import dramsim3 docs/samples/dramsim3_device.ini \\
          --out results/ddr4.yaml
      lifsim dram-bench --dram results/ddr4.yaml --pattern sequential
      lifsim run --dram results/ddr4.yaml
    """
    conversion = _Conversion(out, lambda: device_from_dramsim3(device, out.stem), partial(parse_model, DramSpec))
    _import([conversion], [device], force)


import_.add_command(import_torch)
import_.add_command(import_nir)
import_.add_command(import_onnx)


@dataclass(frozen=True)
class _Conversion:
    """What `convert` gives is checked by `parse` and written to `target`."""

    target: Path
    convert: Callable[[], Imported]
    parse: Callable[[Document], object]


def _import(conversions: Sequence[_Conversion], sources: Sequence[Path], force: bool) -> None:
    """Convert and check everything before anything is written; all faults at once, and what was not taken over."""
    faults: list[Fault] = []
    with collecting(faults):
        check_targets([conversion.target for conversion in conversions], sources, replace=True)
    notes: list[Fault] = []
    converted = []
    for conversion in conversions:
        try:
            imported = conversion.convert()
            notes += imported.notes
            places = {(): Mark(str(conversion.target)), **imported.places}
            conversion.parse(Document(str(conversion.target), imported.data, places))
            converted.append((conversion.target, yaml_bytes(imported.data)))
        except InputError as error:
            faults.extend(error.faults)
    if not force:
        faults += [fault for target, data in converted if (fault := taken_fault(target, data))]
    if faults:
        raise InputError(dict.fromkeys(faults))
    for note in notes:
        say(f"note: {note}", err=True)
    for target, data in converted:
        say(str(place_file(target, data, replace=force)))


def _name(target: Path) -> str:
    """The file's name, as a name of a workload or an architecture."""
    return unique_names([target.stem])[0]
