"""Networks of SATA_Sim's training tool (config/, har_configs/ in its repository) as workloads.

Such a file maps each layer's name to its sizes, in one of these notations: `2dconv` with H_h, H_w, C (input), R_h,
R_w (filter), K, E_h, E_w (output), or with w_ks, w_kt, w_cin, w_cout, out_s, out_t; `1dconv` with w_k, w_cin,
w_cout, in, out; `linear` and `out_linear` with in, out. `type` may be missing. Stride and padding are derived from
the sizes of input and output; without an input size there are none. The tool is given timesteps and sparsity on its
command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from lifsim.config.document import Document
from lifsim.config.operation import Channels
from lifsim.config.validate import parse_model
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.imported import Imported
from lifsim.interchange.satasim import SOURCE, renamed, unique_names
from lifsim.model.keys import Field, key_of
from lifsim.model.schema import Model

Size = Annotated[int, Field(ge=1, le=4096, strict=True)]


class Conv2d(Model):
    """A convolution of H_h x H_w x C to E_h x E_w x K."""

    H_h: Size
    H_w: Size
    C: Channels
    R_h: Size
    R_w: Size
    K: Channels
    E_h: Size
    E_w: Size


class HarConv2d(Model):
    """A convolution given by its filter and output, with s for sensors and t for samples."""

    w_ks: Size
    w_kt: Size
    w_cin: Channels
    w_cout: Channels
    out_s: Size
    out_t: Size


class Conv1d(Model):
    """A convolution of `in` to `out` samples."""

    w_k: Size
    w_cin: Channels
    w_cout: Channels
    inputs: Size = key_of(alias="in")
    outputs: Size = key_of(alias="out")


class Linear(Model):
    """A linear layer."""

    inputs: Channels = key_of(alias="in")
    outputs: Channels = key_of(alias="out")


NOTATIONS: dict[str, tuple[type[Model], ...]] = {
    "2dconv": (Conv2d, HarConv2d), "1dconv": (Conv1d,), "linear": (Linear,), "out_linear": (Linear,),
}  # fmt: skip


def is_training_network(document: Document) -> bool:
    """Whether the file is for the training tool: it has layers by name, and no General."""
    data = document.data
    if not isinstance(data, dict) or {"General", "Layers"} & set(data) or not data:
        return False
    keys = {str(key) for model in (Conv2d, HarConv2d, Conv1d, Linear) for key in _keys(model)} | {"type"}
    return all(isinstance(layer, dict) and keys & set(layer) for layer in data.values())


def workload_from_training(document: Document, name: str, timesteps: int | None, sparsity: float | None) -> Imported:
    """A LIFSim workload called `name`. timesteps, sparsity (the share of zeros among all inputs): what SATA_Sim is
    given beside the file. Raises InputError with every fault of `document`, or if one of the two is None."""
    faults = list(document.faults)
    faults += [
        Fault("must be given: a network of SATA_Sim's training tool does not say it", path=option)
        for option, value in (("--timesteps", timesteps), ("--sparsity", sparsity))
        if value is None
    ]
    if len(document.data) > MAX_LAYERS:
        faults.append(Fault(f"must have at most {MAX_LAYERS} layers", source=document.source))
    names = unique_names(document.data)
    layers: list[dict[str, Any]] = []
    notes: list[Fault] = renamed(list(document.data), names, document.source)
    for key, unique in zip(document.data, names, strict=True):
        try:
            layers += _operations(document, key, unique, notes)
        except InputError as error:
            faults += error.faults
    if faults or timesteps is None or sparsity is None:
        raise InputError(faults)
    shape = layers[0].pop("in_shape")
    data = {
        "name": name,
        "description": f"Imported from {Path(document.source).name}, a network of SATA_Sim's training tool",
        "source": SOURCE,
        "timesteps": timesteps,
        "input": {"shape": shape, "encoding": "rate"},
        "layers": layers,
        "spikes": {
            "source": "rates",
            "measured": False,
            "provenance": f"--sparsity {sparsity} of the import, for every layer",
            "rates": dict.fromkeys(names, round(1 - sparsity, 12)),
        },
    }
    return Imported(data, tuple(notes), {(): document.mark(())})


def _operations(document: Document, key: str, name: str, notes: list[Fault]) -> Iterator[dict[str, Any]]:
    """The layer, and its neurons if SATA_Sim has some there."""
    kind = _kind(document, key)
    model = _notation(document, key, kind)
    part = document.part((key,))
    sizes = {inner: value for inner, value in part.data.items() if inner != "type"}
    marks = {inner: mark for inner, mark in part.marks.items() if inner != ("type",)}
    try:
        spec = parse_model(model, Document(document.source, sizes, marks))
        yield {"name": name, **_sizes(spec)}
    except InputError as error:
        raise InputError([replace(f, path=f"{key}.{f.path}".rstrip(".")) for f in error.faults]) from None
    except ValueError as error:
        raise InputError(document.fault((key,), str(error))) from None
    if kind == "out_linear":
        notes.append(document.fault((key,), "has no neurons, and SATA_Sim counts no operations of it; LIFSim does"))
    else:
        yield {"name": f"{name}_lif", "op": "lif"}


def _kind(document: Document, key: str) -> str:
    """The kind of a layer: its `type`, or the kind that its keys belong to."""
    layer = document.data[key]
    if "type" not in layer:
        return "2dconv" if {"R_h", "w_kt"} & set(layer) else "1dconv" if "w_k" in layer else "linear"
    kind = layer["type"]
    if not isinstance(kind, str) or kind not in NOTATIONS:
        raise InputError(document.fault((key, "type"), f"{shown(kind)} must be one of {', '.join(NOTATIONS)}"))
    return kind


def _notation(document: Document, key: str, kind: str) -> type[Model]:
    """The notation of this kind to which most keys of the layer belong."""
    given = set(document.data[key])
    return max(NOTATIONS[kind], key=lambda model: len(given & _keys(model)))


def _keys(model: type[Model]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _sizes(spec: Model) -> dict[str, Any]:
    """The operation and its sizes. Raises ValueError if no window leads from its input to its output."""
    match spec:
        case Conv2d():
            return _conv((spec.C, spec.H_h, spec.H_w), spec.K, (spec.R_h, spec.R_w), (spec.E_h, spec.E_w))
        case HarConv2d():
            kernel, out = (spec.w_ks, spec.w_kt), (spec.out_s, spec.out_t)
            size = [at + k - 1 for at, k in zip(out, kernel, strict=True)]
            return _conv((spec.w_cin, size[0], size[1]), spec.w_cout, kernel, out)
        case Conv1d():
            return _conv((spec.w_cin, 1, spec.inputs), spec.w_cout, (1, spec.w_k), (1, spec.outputs))
        case Linear():
            return {"op": "linear", "in_shape": [spec.inputs], "out": spec.outputs}
    raise TypeError(f"{type(spec).__name__} is no notation of a layer")


def _conv(
    in_shape: tuple[int, int, int], filters: int, kernel: tuple[int, int], out: tuple[int, int]
) -> dict[str, Any]:
    axes = [_window(*axis) for axis in zip(in_shape[1:], kernel, out, strict=True)]
    window = {"kernel": list(kernel), "stride": [s for s, _ in axes], "padding": [p for _, p in axes]}
    return {"op": "conv", "in_shape": list(in_shape), "out": filters, **window}


def _window(size: int, kernel: int, out: int) -> tuple[int, int]:
    """(stride, padding) of an axis: the smallest of both that lead from `size` to `out`."""
    for stride in range(1, size + 1):
        for padding in range(kernel):
            if size + 2 * padding >= kernel and (size + 2 * padding - kernel) // stride + 1 == out:
                return stride, padding
    raise ValueError(f"no stride and padding lead from {size} by a filter of {kernel} to {out}")
