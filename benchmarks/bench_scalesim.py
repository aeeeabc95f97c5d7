"""Is a layer counted sooner than by SCALE-Sim?

Whole processes, from the same topology to cycles and accesses; neither waits for a DRAM. SCALE-Sim 3 needs a NumPy that
is older than LIFSim's: SCALESIM_PYTHON is the Python of an environment in which it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import environ
from pathlib import Path

from benchmarks.frame.figure import Figure, Target
from benchmarks.frame.paired import Command, cost, lifsim, processes
from benchmarks.frame.session import Session

INTERPRETER, PEER = "SCALESIM_PYTHON", "SCALE-Sim"
ROWS, COLS = 16, 8
LAYERS = {"Conv1": "34, 34, 3, 3, 3, 64, 1", "Conv5": "10, 10, 3, 3, 128, 256, 1"}
"""Of VGG-16 at 32 x 32, padding included. All thirteen take SCALE-Sim minutes and gigabytes."""
ROUNDS = 3

TOPOLOGY = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
LAYOUT = (
    "Layer name, IFMAP Height Intraline Factor, IFMAP Width Intraline Factor, Filter Height Intraline Factor, "
    "Filter Width Intraline Factor, Channel Intraline Factor, Num Filter Intraline Factor, "
    "IFMAP Height Intraline Order,\n"
)
SECTIONS: dict[str, dict[str, object]] = {
    "general": {"run_name": "run"},
    "architecture_presets": {
        "ArrayHeight": ROWS, "ArrayWidth": COLS, "IfmapSramSzkB": 1024, "FilterSramSzkB": 1024, "OfmapSramSzkB": 1024,
        "IfmapOffset": 0, "FilterOffset": 10_000_000, "OfmapOffset": 20_000_000, "Bandwidth": 10,
        "ReadRequestBuffer": 32, "WriteRequestBuffer": 32,
    },
    "layout": {
        "IfmapCustomLayout": False, "IfmapSRAMBankBandwidth": 10, "IfmapSRAMBankNum": 10, "IfmapSRAMBankPort": 2,
        "FilterCustomLayout": False, "FilterSRAMBankBandwidth": 10, "FilterSRAMBankNum": 10, "FilterSRAMBankPort": 2,
    },
    "sparsity": {
        "SparsitySupport": False, "SparseRep": "ellpack_block", "OptimizedMapping": False, "BlockSize": 8,
        "RandomNumberGeneratorSeed": 40,
    },
    "run_presets": {"InterfaceBandwidth": "CALC", "UseRamulatorTrace": False},
}  # fmt: skip
"""What SCALE-Sim asks for; but for the array and its dataflow, none of it moves its cycles and accesses."""


def settings(dataflow: str) -> str:
    """SCALE-Sim's configuration."""
    lines = []
    for section, keys in SECTIONS.items():
        lines += [f"[{section}]", *(f"{key}: {value}" for key, value in keys.items())]
        lines += [f"Dataflow: {dataflow}"] if section == "architecture_presets" else []
    return "\n".join(lines) + "\n"


def inputs(folder: Path, layer: str, dataflow: str) -> str:
    """Write layer and array in SCALE-Sim's words and, imported, in LIFSim's; the name that their files share."""
    name = f"{layer}_{dataflow}"
    topology, configuration = folder / f"{name}.csv", folder / f"{name}.cfg"
    topology.write_text(f"{TOPOLOGY}\n{layer}, {LAYERS[layer]},\n")
    configuration.write_text(settings(dataflow))
    (folder / "layout.csv").write_text(LAYOUT)
    cost(lifsim(folder, "import", "scalesim", topology.name, "--config", configuration.name, "--out", f"{name}.yaml"))
    return name


def figures(session: Session) -> Iterator[Figure]:
    """Every layer and dataflow."""
    python = environ.get(INTERPRETER)
    for layer in LAYERS:
        for dataflow in ("os", "ws", "is"):
            name = inputs(session.folder, layer, dataflow)
            ours = lifsim(
                session.folder, "run", "--arch", f"{name}_arch.yaml", "--workload", f"{name}.yaml",
                "--set", "memory.model=ideal", "--layers", "--out", f"lifsim_{name}",
            )  # fmt: skip
            theirs = None
            if python:
                told = "-c", f"{name}.cfg", "-t", f"{name}.csv", "-l", "layout.csv", "-p", f"scalesim_{name}"
                words = python, "-m", "scalesim.scale", *told, "-i", "conv", "-s", "N"
                theirs = Command(words, session.folder)
            wall = processes(ours, theirs, min(ROUNDS, session.rounds), warm_up=1 if layer == "Conv1" else 0).wall_s
            target = Target(1.0, "ratio")
            yield Figure(f"{layer} of VGG-16, {dataflow}", "s", wall.ours, PEER, wall.theirs, target=target)
