"""Valid inputs of every kind that the command line reads, and the commands that read them."""

from __future__ import annotations

import contextlib
import io
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import lifsim
from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.engine.weights import weight_shapes
from lifsim.errors import InputError
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import Store

ROOT = Path(__file__).parents[2]
SHARINGS = ("none", "channel2", "channel4")

NETWORK = """\
name: small
description: two convolutions and a linear layer
timesteps: 2
neuron: {tau: 1.5, threshold: 1.0, reset: soft}
input: {shape: [2, 6, 6], encoding: direct}
layers:
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
- {name: lif2, op: lif}
- {name: pool, op: max_pool, kernel: 2}
- {name: fc, op: linear, out: 10, bias: true}
spikes: {source: rates, provenance: made up, measured: false, rates: {conv2: [0.2, 0.3], fc: 0.1}}
"""
RESIDUAL = """\
name: residual
description: strides, groups, a residual and an average pool on events
timesteps: 3
input: {shape: [2, 8, 6], encoding: event, bits: 8}
layers:
- {name: conv1, op: conv, out: 4, kernel: [3, 3], stride: 2, padding: [1, 1], groups: 2}
- {name: lif1, op: lif, group: a}
- {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
- {name: add, op: add, inputs: [conv2, lif1]}
- {name: lif2, op: lif, group: a}
- {name: pool, op: avg_pool, kernel: 2, stride: 2}
- {name: fc, op: linear, out: 4}
- {name: lif3, op: lif}
- {name: fc2, op: linear, out: 2}
spikes: {source: rates, provenance: made up, measured: false, rates: {conv1: 0.2, conv2: 0.2, fc: 0.1, fc2: 0.3}}
"""
SPACE = """\
arch: [arch.yaml]
workload: net.yaml
sharing: [none, channel2]
set: {lif.latency_cycles: 2}
vary:
  array.rows: [4, 8, 16]
  buffers.membrane.size_bytes: 1KiB:8KiB:x2
batch: [1, 2]
seed: 3
"""
TOPOLOGY = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 34, 34, 3, 3, 3, 64, 1,
Conv2, 34, 34, 3, 3, 64, 64, 1,
FC, 1, 1, 1, 1, 1024, 10, 1,
"""
SCALE = """\
[general]
run_name = scale

[architecture_presets]
ArrayHeight: 16
ArrayWidth: 8
IfmapSramSzkB: 64
FilterSramSzkB: 32
OfmapSramSzkB: 16
Dataflow: ws
Bandwidth: 10

[run_presets]
InterfaceBandwidth: CALC
"""
DEVICE = """\
[dram_structure]
protocol = DDR4
bankgroups = 4
banks_per_group = 4
rows = 65536
columns = 1024
device_width = 8
BL = 8

[timing]
tCK = 0.83
CL = 17
CWL = 12
tRCD = 17
tRP = 17
tRAS = 39
tRFC = 420
tREFI = 9360
tRRD_S = 4
tRRD_L = 6
tWTR_S = 3
tWTR_L = 9
tFAW = 26
tWR = 18
tCCD_S = 4
tCCD_L = 6
tRTP = 9

[power]
VDD = 1.2
IDD0 = 60
IDD2N = 40
IDD3N = 55
IDD4R = 140
IDD4W = 130
IDD5AB = 250

[system]
channel_size = 8192
channels = 1
bus_width = 64
address_mapping = rochrababgco
"""
REQUESTS = "".join(f"0x{64 * (7 * n % 512):x} {'WRITE' if n % 5 == 0 else 'READ'} {2 * n}\n" for n in range(300))

Command = tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """files: what may be damaged, each with how it is written (yaml, json, cells, text, npz, store, bytes); beside:
    further files that the commands read; commands: each reads FILE, or the file as it is named."""

    name: str
    files: Mapping[str, str]
    commands: tuple[Command, ...]
    beside: tuple[str, ...] = ()


_RUN: Command = ("run", "--format", "json", "--out", "out")
_FIG9: Command = ("plot", "fig9", "--part", "top", "r-none", "r-channel2", "r-channel4", "--out", "f.svg")
_STORED = tuple(f"r-{sharing}/{name}" for sharing in SHARINGS for name in ("summary.json", "config.resolved.yaml"))


def kinds() -> tuple[Kind, ...]:
    """Every kind of input."""
    archs = {f"arch/{path.name}": "yaml" for path in sorted((ROOT / "arch_configs").glob("*.yaml"))}
    devices = {f"dram/{path.name}": "yaml" for path in sorted((ROOT / "arch_configs" / "dram").glob("*.yaml"))}
    in_engine = ("--workload", "net.yaml", "--spikes", "engine", "--weights", "weights.npz")
    sata = ("sata_net.yaml", "sata_arch.yaml")
    satasim = ("import", "satasim", "sata_net.yaml", "--arch", "sata_arch.yaml", "--out", "o.yaml")
    scalesim = ("import", "scalesim", "topology.csv", "--config", "scale.cfg", "--out", "o.yaml")
    return (
        Kind("architecture", archs, (
            ("check", "FILE"), (*_RUN, "--arch", "FILE", "--workload", "net.yaml"),
        ), ("net.yaml",)),
        Kind("device", devices, (
            ("dram-bench", "--dram", "FILE", "--pattern", "tile", "--bytes", "16KiB", "--format", "json"),
            ("dram-bench", "--dram", "FILE", "requests.trc", "--format", "json"),
        ), ("requests.trc",)),
        Kind("workload", {"net.yaml": "yaml", "residual.yaml": "yaml"}, (
            ("check", "FILE"), ("workload", "show", "FILE"), ("memory", "--workload", "FILE", "--format", "json"),
            (*_RUN, "--workload", "FILE"), (*_RUN, "--workload", "FILE", "--sharing", "layer", "--schedule", "auto"),
        )),
        Kind("sweep space", {"space.yaml": "yaml"}, (
            ("sweep", "FILE", "--out", "s", "--dry-run"),
        ), ("net.yaml", "arch.yaml")),
        Kind("trace", {"trace.npz": "npz"}, (
            ("trace", "info", "FILE"), (*_RUN, "--workload", "net.yaml", "--trace", "FILE"),
        ), ("net.yaml",)),
        Kind("plain trace", {"plain.npz": "npz"}, (
            ("trace", "import", "FILE", "--workload", "net.yaml", "--out", "t.npz"),
            (*_RUN, "--workload", "net.yaml", "--trace", "FILE"),
        ), ("net.yaml",)),
        Kind("weights", {"weights.npz": "npz"}, ((*_RUN, *in_engine),), ("net.yaml",)),
        Kind("stored result", dict.fromkeys((n for n in _STORED if n.endswith("json")), "json"), (_FIG9,), _STORED),
        Kind("stored config", {_STORED[1]: "yaml", _STORED[3]: "yaml"}, ((*_RUN, "--config", "FILE"),), _STORED),
        Kind("store", {"store": "store"}, (
            ("store", "show", "store"), ("store", "export", "store", "--format", "json", "--out", "o.json"),
            ("store", "export", "store", "--format", "csv", "--out", "o.csv"),
            ("plot", "sweep", "store", "--x", "array.rows", "--out", "f.svg"),
        )),
        Kind("SATA_Sim", dict.fromkeys(sata, "yaml"), (satasim,), sata),
        Kind("SCALE-Sim", {"topology.csv": "cells", "scale.cfg": "text"}, (scalesim,), ("topology.csv", "scale.cfg")),
        Kind("DRAMsim3", {"device.ini": "text"}, (("import", "dramsim3", "FILE", "--out", "o.yaml"),)),
        Kind("PyTorch", {"state.npz": "npz"}, (
            ("import", "torch", "FILE", "--workload", "net.yaml", "--out", "o.npz"),
        ), ("net.yaml",)),
        Kind("DRAM trace", {"requests.trc": "text", "requests.trc.xz": "bytes"}, (
            ("dram-bench", "--dram", "ddr4_2400", "FILE", "--format", "json"),
            ("dram-bench", "--dram", "hbm2", "FILE", "--ignore-cycles", "--format", "csv"),
        )),
    )  # fmt: skip


def make_samples(folder: Path) -> None:
    """Write all files of all kinds into `folder`. Raises InputError where LIFSim refuses one of them."""
    (folder / "arch").mkdir(parents=True)
    (folder / "dram").mkdir()
    for path in (ROOT / "arch_configs").rglob("*.yaml"):
        inside = "dram" if path.parent.name == "dram" else "arch"
        (folder / inside / path.name).write_text(path.read_text())
    texts = {"net.yaml": NETWORK, "residual.yaml": RESIDUAL, "space.yaml": SPACE, "topology.csv": TOPOLOGY}
    texts |= {"scale.cfg": SCALE, "requests.trc": REQUESTS, "device.ini": DEVICE}
    texts["arch.yaml"] = (ROOT / "arch_configs" / "sata128.yaml").read_text()
    for name in ("net", "arch"):
        theirs = "workload" if name == "net" else "arch"
        texts[f"sata_{name}.yaml"] = (ROOT / "tests" / "reference" / "satasim_bntt" / f"{theirs}.yaml").read_text()
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "requests.trc.xz").write_bytes(lzma.compress(REQUESTS.encode()))
    _make_arrays(folder)
    _make_results(folder)
    _compile()


def _compile() -> None:
    """What a machine compiles once is no input's fault; runs have compiled the rest."""
    bench = ["dram-bench", "--dram", "ddr3_1600", "--pattern", "sequential", "--bytes", "1KiB"]
    with contextlib.redirect_stdout(io.StringIO()):
        if main(bench):
            raise InputError("a sample stream was refused")


def _make_arrays(folder: Path) -> None:
    network, rng = load_workload(str(folder / "net.yaml")), np.random.default_rng(1)
    weights = {key: rng.uniform(0.1, 0.6, shape).astype(np.float32) for key, shape in weight_shapes(network).items()}
    np.savez(folder / "weights.npz", **weights)
    np.savez(folder / "state.npz", **{f"net.{key.replace('conv1.bn', 'bn1').replace('conv2.bn', 'bn2')}": value
                                      for key, value in weights.items()})  # fmt: skip
    spikes: dict[str, Any] = {layer.name: rng.random((2, *layer.in_shape)) < 0.3 for layer in network.layers}
    spikes["conv1"] = np.ones((1, *network.layers[0].in_shape), np.bool_)
    spikes["fc"] = spikes["fc"].reshape(2, -1)
    np.savez(folder / "plain.npz", **spikes)
    if main(["trace", "make", "--workload", str(folder / "net.yaml"), "--out", str(folder / "trace.npz")]):
        raise InputError("the sample trace was refused")


def _make_results(folder: Path) -> None:
    results = {}
    for sharing in SHARINGS:
        results[sharing] = lifsim.run(workload=str(folder / "net.yaml"), sharing=sharing)
        arguments = [
            "--workload",
            str(folder / "net.yaml"),
            "--sharing",
            sharing,
            "--out",
            str(folder / f"r-{sharing}"),
        ]
        if main(["run", *arguments]):
            raise InputError("a sample run was refused")
    with Store.create_or_open(folder / "store", {"axis array.rows": "[4, 8]", "axis sharing": "none"}) as store:
        for point, result in enumerate(results.values()):
            settings = {"sharing": "none", "array.rows": 4 << point}
            store.add(Outcome(point, f"{point:064d}", result.totals.figures), settings)
        store.add(Outcome(3, f"{3:064d}", None, "array.rows: 0 must be >= 1"), {"sharing": "none", "array.rows": 0})
