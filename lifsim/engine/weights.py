"""Weights of a network: names, shapes, checks, and the .npz file that holds them.

A weight layer `conv2` owns `conv2.weight` ([M, C/groups, R, S], or [M, F] of a linear layer), `conv2.bias` [M] if it
has one, and with batch norm `conv2.bn.weight`, `conv2.bn.bias`, `conv2.bn.running_mean` and `conv2.bn.running_var`. A
layer of neurons `lif2` owns the parameters that its workload leaves to the weights file, such as `lif2.tau`: one per
channel, [C], or one per neuron, [C, H, W].
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.file_kind import WEIGHTS
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.files import replacing
from lifsim.model.network import Lif, Network, Node
from lifsim.model.product import Product
from lifsim.neurons.parameters import Parameter, Real, parameters_of, varying
from lifsim.trace.archive import Archive
from lifsim.units import counted

Array = NDArray[Any]
Weights = Mapping[str, Array]

BN_EPSILON = 1e-5
BN_TERMS = ("bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")


def weight_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight array that `network` needs, in network order; parameters of neurons, one per
    neuron, may be one per channel as well."""
    return {name: shape for node in network.nodes for name, shape in _shapes_of(node)}


def neuron_parameters(network: Network) -> dict[str, Parameter]:
    """By the names of their arrays, the parameters of neurons that are in the weights file."""
    return {
        f"{lif.name}.{name}": parameters_of(type(lif.neuron))[name]
        for lif in network.lifs
        for name, value in varying(lif.neuron).items()
        if isinstance(value, str)
    }


def _shapes_of(node: Node) -> Iterator[tuple[str, tuple[int, ...]]]:
    if isinstance(node, Lif):
        for name, value in varying(node.neuron).items():
            if isinstance(value, str):
                yield f"{node.name}.{name}", node.output.shape
    if not isinstance(node, Product):
        return
    filters = node.window.out_shape[0]
    if node.weight_shape is not None:
        yield f"{node.name}.weight", node.weight_shape
    if node.bias:
        yield f"{node.name}.bias", (filters,)
    if node.batch_norm:
        yield from ((f"{node.name}.{term}", (filters,)) for term in BN_TERMS)


def checked_weights(network: Network, arrays: Mapping[str, Array], source: str = "weights") -> Weights:
    """`arrays` as the read-only weights of `network`.

    Raises InputError listing every array that is missing, unknown, of another shape or type, not finite, or a negative
    variance.
    """
    wanted = weight_shapes(network)
    parameters = neuron_parameters(network)
    faults = _name_faults(network, wanted, arrays, source)
    for name in wanted:
        if name in arrays:
            messages = _array_faults(name, arrays[name], wanted[name], parameters.get(name))
            faults += [Fault(message, name, source) for message in messages]
    if faults:
        raise InputError(faults)
    return MappingProxyType({name: _frozen(arrays[name]) for name in wanted})


def _frozen(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _name_faults(network: Network, wanted: Mapping[str, Any], found: Mapping[str, Any], source: str) -> list[Fault]:
    faults = [Fault(f"must be there: {network.name} needs it", name, source) for name in wanted if name not in found]
    unknown = (name for name in found if name not in wanted)
    return faults + [
        Fault(f"must be a weight of {network.name}{did_you_mean(name, wanted)}", name, source) for name in unknown
    ]


def _array_faults(name: str, array: Array, shape: tuple[int, ...], parameter: Parameter | None) -> Iterator[str]:
    yield from _kind_faults(array.shape, array.dtype, shape, parameter)
    if isinstance(parameter, Real) and array.dtype.kind == "f" and array.size:
        broken = {parameter.broken(float(value)) for value in (array.min(), array.max())} - {None}
        yield from (f"every value {rule}, not {array.min():g} to {array.max():g}" for rule in sorted(map(str, broken)))
    elif array.dtype.kind == "f" and not np.isfinite(array).all():
        yield f"{int((~np.isfinite(array)).sum())} of {counted(array.size, 'value')} are not finite"
    elif name.endswith(".running_var") and (array < 0).any():
        yield f"variance {array.min():g} must be >= 0"


def _kind_faults(
    shape: tuple[int, ...], dtype: np.dtype[Any], wanted: tuple[int, ...], parameter: Parameter | None
) -> Iterator[str]:
    by_channel = wanted[:1]
    if shape != wanted and (parameter is None or shape != by_channel):
        also = f" or {list(by_channel)}" if parameter and by_channel != wanted else ""
        yield f"shape {list(shape)} must be {list(wanted)}{also}"
    if dtype not in (np.float32, np.float64):
        yield f"type {dtype} must be float32 or float64"


def load_weights(path: str | Path, network: Network) -> Weights:
    """The weights in an .npz file. Nothing is read of a file whose names, shapes and types are not the network's.

    Raises InputError.
    """
    source = str(path)
    wanted, parameters = weight_shapes(network), neuron_parameters(network)
    with closing(Archive(Path(path))) as archive:
        archive.refuse_other(WEIGHTS)
        faults = _name_faults(network, wanted, archive.arrays, source)
        for name in wanted.keys() & archive.arrays.keys():
            found = archive.arrays[name]
            texts = _kind_faults(found.shape, found.dtype, wanted[name], parameters.get(name))
            faults += [Fault(text, name, source) for text in texts]
        if faults:
            raise InputError(faults)
        arrays = {name: archive.whole(archive.arrays[name]) for name in wanted}
    return checked_weights(network, arrays, source)


def npz_bytes(arrays: Mapping[str, Array]) -> bytes:
    """The .npz file that holds `arrays`."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def save_arrays(path: str | Path, arrays: Mapping[str, Array]) -> None:
    """Write an .npz file to a temporary name beside `path` and move it into place; folders above it are made. Raises
    InputError."""
    with replacing(Path(path), parents=True, durable=True) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
