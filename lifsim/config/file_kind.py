"""Recognises files that were given in place of another kind: by their keys, or by their first bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from lifsim.regular_file import open_regular

ARCH = "an architecture, which --arch takes"
WORKLOAD = "a workload, which --workload takes"
DEVICE = "a DRAM device, which --dram takes"
CONFIG = "the configuration of a run, which lifsim run --config takes"
SWEEP = "a sweep file, which lifsim sweep takes"
TRACE = "a spike trace, which --trace takes"
WEIGHTS = "weights, which --weights takes"
DATA = "a data set, which --data takes"
IMAGES = "images, which --images takes"
STORE = "the store of a sweep, which lifsim store show takes"
RESULT = "the folder of a run; lifsim run --config takes its config.resolved.yaml"
ONNX = "a network of ONNX, which lifsim import onnx takes"
NIR = "a graph of NIR, or another file of HDF5; lifsim import nir takes the first"
TORCH = "a file of PyTorch's, which lifsim import torch takes if it holds a state_dict"
STUDY = "the folder of a study, which lifsim plot fig6 takes"
SATASIM_WORKLOAD = "a workload of SATA_Sim, which lifsim import satasim takes"
SATASIM_NETWORK = "a network of SATA_Sim's training tool, which lifsim import satasim takes"
SATASIM_ARCH = "an architecture of SATA_Sim, which lifsim import satasim --arch takes beside its workload"
SATASIM_MACHINE = "a machine of SATA_Sim's training tool, which says no rows of PEs; the shipped sata_training is one"

_KEYS: dict[str, frozenset[str]] = {
    ARCH: frozenset({"clock_hz", "technology_nm", "array", "components", "buffers", "dram", "precision", "accounting"}),
    WORKLOAD: frozenset({"timesteps", "input", "layers", "neuron", "spikes", "extends", "training", "norm_statistics"}),
    DEVICE: frozenset({"organisation", "mapping", "timing", "controller", "energy"}),
    SWEEP: frozenset({"arch", "workload", "sharing", "vary", "sample", "batch", "schedule", "objective", "chunk"}),
}
"""Keys that only one kind of file has."""

_TORCH_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt")
"""The magic number of files of PyTorch before 1.6, which begin like any pickle."""

COMMON_KEYS = frozenset({"name", "description", "source", "notes"})
"""Keys that files of several kinds have."""


def tree_kind(data: Any) -> str:
    """The kind of the plain data of a YAML file: the one most of whose keys they have; '' if that is unclear."""
    if not isinstance(data, dict):
        return ""
    keys = {key for key in data if isinstance(key, str)}
    if {"arch", "workload", "options"} <= keys and isinstance(data["arch"], dict):
        return CONFIG
    if kind := _satasim_kind(data):
        return kind
    hits = {kind: len(keys & own) for kind, own in _KEYS.items()}
    most = max(hits, key=lambda kind: hits[kind])
    clear = hits[most] >= 2 and sorted(hits.values())[-2] < hits[most]
    return most if clear else ""


def _satasim_kind(data: dict[Any, Any]) -> str:
    if {"General", "Layers"} <= data.keys():
        return SATASIM_WORKLOAD
    if isinstance(data.get("architecture"), dict) and "subtree" in data["architecture"]:
        return SATASIM_ARCH
    if isinstance(data.get("arch"), dict) and "n_pe" in data["arch"]:
        return SATASIM_MACHINE
    layers = [set(layer) if isinstance(layer, dict) else set() for layer in data.values()]
    return SATASIM_NETWORK if layers and all(_is_satasim_layer(keys) for keys in layers) else ""


def _is_satasim_layer(keys: set[Any]) -> bool:
    """Whether it is a layer of SATA_Sim's training tool: a window, or inputs and outputs."""
    return bool({"R_h", "w_cin"} & keys) or {"in", "out"} <= keys <= {"in", "out", "type"}


def archive_kind(names: Collection[str]) -> str:
    """The kind of an .npz file with arrays of these `names`; '' if that is unclear."""
    if "header" in names:
        return TRACE if any(name.startswith("bits_") for name in names) else ""
    if {"x_train", "y_train"} <= {*names}:
        return DATA
    return WEIGHTS if any(name.endswith(".weight") for name in names) else ""


def binary_kind(path: Path) -> str:
    """The kind of the file or folder at `path` if it is no text; '' if that is unclear."""
    try:
        if path.is_dir():
            return RESULT if (path / "summary.json").is_file() else STUDY if (path / "study.json").is_file() else ""
        with open_regular(path) as file:
            first = file.read(16) or b""
            if first.startswith(b"SQLite format 3"):
                return STORE
            if first.startswith(b"\x89HDF\r\n"):
                return NIR
            if first.startswith(b"\x80") and path.suffix in _TORCH_SUFFIXES:
                return TORCH
            if not first.startswith(b"PK"):
                return ONNX if path.suffix == ".onnx" else ""  # it has no first bytes of its own
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
            if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
                return TORCH
            return archive_kind([name.removesuffix(".npy") for name in names])
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        return ""


def in_words(kind: str) -> str:
    """`; it is a workload, which --workload takes`, to append to the fault of a file; '' for no kind."""
    return f"; it is {kind}" if kind else ""
