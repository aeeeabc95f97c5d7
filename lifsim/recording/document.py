"""A recording as a workload and its weights, and what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.recording.ledger import Beyond, Ledger, Value

Array = NDArray[Any]

MAX_NAME = 64


@dataclass(frozen=True)
class Written:
    """layers: of a workload; weights: by LIFSim's names; names: of each recorded value, those of norms and of what they
    normalise the same; output: what the model puts out."""

    layers: tuple[Mapping[str, Any], ...]
    weights: Mapping[str, Array]
    names: Mapping[Value, str]
    output: Value


def written(ledger: Ledger, found: Sequence[Value | Beyond], notes: dict[str, None]) -> Written:
    """The part of what was computed that the model's output, of these, depends on. Raises InputError."""
    output = _output(ledger, found, notes)
    needed = _needed([output])
    values = [one for one in ledger.values if one in needed]
    left_out = [one.name for one in ledger.values if one not in needed and one.kind not in ("image", "events")]
    if left_out:
        notes[f"left out, for no output depends on it: {', '.join(left_out)}"] = None
    _require_whole(ledger, values)
    norms = {one.reads[0]: one for one in values if one.kind == "norm"}
    _require_own_norm(values, norms)
    names = _names([one for one in values if one.kind != "norm"])
    names |= {norm: names[normed] for normed, norm in norms.items()}
    layers = tuple(
        _layer(one, names, norms) for one in values if one.kind not in ("norm", "image", "events")
    )  # fmt: skip
    weights = {
        f"{names[one]}.{'bn.' if one.kind == 'norm' else ''}{term}": _real(array)
        for one in values
        for term, array in one.arrays.items()
    }
    return Written(layers, weights, names, output)


def _output(ledger: Ledger, found: Sequence[Value | Beyond], notes: dict[str, None]) -> Value:
    """The value from which the model's output is read out. Raises InputError if there is none, or several, or if it is
    not computed at all timesteps."""
    reads: list[Value] = []
    for one in found:
        if isinstance(one, Value):
            reads.append(one)
        elif one.readout and one.reads:
            reads += one.reads
            notes[f"read-out, not part of the network: {one.reason}"] = None
        else:
            raise InputError(Fault(one.reason, path="model"))
    outputs = [one for one in dict.fromkeys(reads) if one.kind not in ("image", "events")]
    if not outputs:
        what = "nothing that the model returns was computed from the batch by operations that can be followed"
        raise InputError(Fault(f"{what}: scripted and compiled models, and NumPy, cannot be", path="model"))
    _require_whole(ledger, outputs)
    last = [one for one in outputs if not any(one in _needed([other]) for other in outputs if other is not one)]
    if len(last) > 1 and len({one.name for one in last}) == 1:
        had = f"puts out {len(last)} results, each of other weights or another input"
        raise InputError(Fault(f"{had}: {_WAY.format(timesteps=ledger.timesteps)}", path=last[0].name))
    if len(last) > 1:
        named = ", ".join(one.name for one in last)
        raise InputError(Fault(f"must have one output, has {named}: return one of them", path="model"))
    return last[0]


_WAY = "timesteps={timesteps} must be how often the model runs, with the same weights every time"


def _needed(outputs: Iterable[Value]) -> set[Value]:
    needed: set[Value] = set()
    pending = list(outputs)
    while pending:
        one = pending.pop()
        if one not in needed:
            needed.add(one)
            pending += one.reads
    return needed


def _require_whole(ledger: Ledger, values: Sequence[Value]) -> None:
    """Raises InputError if something was not computed of all images at all timesteps."""
    for one in values:
        missing = np.flatnonzero(~one.computed.reshape(one.timesteps, ledger.batch).all(axis=1))
        if len(missing):
            had = f"was computed at {one.timesteps - len(missing)} of {one.timesteps} timesteps"
            raise InputError(Fault(f"{had}: {_WAY.format(timesteps=ledger.timesteps)}", path=one.name))


def _require_own_norm(values: Sequence[Value], norms: Mapping[Value, Value]) -> None:
    """Raises InputError if what is normalised is read as it was before, too."""
    faults = [
        Fault(f"is read with and without its batch norm, by {other.name}", path=normed.name)
        for normed, norm in norms.items()
        for other in values
        if other is not norm and normed in other.reads
    ]
    if faults:
        raise InputError(faults)


def _names(values: Sequence[Value]) -> dict[Value, str]:
    """Names as workloads have them, each once."""
    names: dict[Value, str] = {}
    taken = {"input"}
    for one in values:
        if one.kind in ("image", "events"):
            names[one] = "input"
            continue
        name = re.sub(r"[^A-Za-z0-9_-]", "_", one.name or one.kind)
        name = (name if re.match("[A-Za-z_]", name) else f"{one.kind}_{name}")[-MAX_NAME + 8 :]
        name = name if re.match("[A-Za-z_]", name) else f"_{name}"
        unique, count = name, 2
        while unique in taken:
            unique, count = f"{name}_{count}", count + 1
        taken.add(unique)
        names[one] = unique
    return names


def _layer(one: Value, names: Mapping[Value, str], norms: Mapping[Value, Value]) -> dict[str, Any]:
    layer: dict[str, Any] = {"name": names[one], "op": one.kind}
    inputs = [names[read] for read in one.reads]
    layer |= {"inputs": inputs} if one.kind == "add" else {"input": inputs[0]}
    layer |= {"neuron": dict(one.keys)} if one.kind == "lif" else dict(one.keys)
    if one in norms:
        layer["batch_norm"] = True
    return layer


def _real(array: Array) -> Array:
    return np.ascontiguousarray(array if array.dtype == np.float64 else array.astype(np.float32))
