"""Tensors of an ONNX file as arrays. The size that they claim is checked before memory is allocated; external data
are read from the folder of the file, and from nowhere else."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.regular_file import open_regular

Array = NDArray[Any]

MAX_AXES = 8
MAX_ELEMENTS = 1 << 29
"""Bytes of all tensors of a file."""


class Tensors:
    """Reads the tensors of one file in `folder`, and counts the bytes that they ask for."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._elements = folder, 0

    def array(self, tensor: Any) -> Array:
        """The array of an `onnx.TensorProto`; floats become float32, or float64. Raises ValueError, OSError."""
        from onnx import TensorProto, numpy_helper

        kind = {number: name for name, number in TensorProto.DataType.items()}.get(tensor.data_type, "unknown")
        if kind not in _BYTES:
            raise ValueError(f"is of type {kind}, must be of {', '.join(_BYTES)}: quantised weights are not read")
        if len(tensor.dims) > MAX_AXES:  # before they are multiplied: a file may have millions
            raise ValueError(f"has {len(tensor.dims)} axes, must have at most {MAX_AXES}")
        shape, width = tuple(tensor.dims), _BYTES[kind]
        elements = math.prod(shape)
        self._elements += elements
        if any(size < 0 for size in shape) or self._elements > MAX_ELEMENTS:
            raise ValueError(f"{list(shape)} must come to at most {MAX_ELEMENTS} elements, all tensors together")
        if tensor.HasField("segment"):
            raise ValueError("must not be a segment of a tensor")
        if tensor.data_location == TensorProto.EXTERNAL:
            data = self._outside(tensor, elements * width)
        elif tensor.HasField("raw_data"):
            data = tensor.raw_data
        else:
            return self._listed(tensor, shape, numpy_helper.to_array)
        if len(data) != elements * width:
            raise ValueError(f"{list(shape)} of {kind} cannot be in the {len(data)} bytes that are stored of it")
        whole = TensorProto(dims=shape, data_type=tensor.data_type, raw_data=data)
        return _plain(numpy_helper.to_array(whole))

    def _listed(self, tensor: Any, shape: tuple[int, ...], to_array: Any) -> Array:
        """The array of numbers that are listed one by one."""
        stored = max(len(getattr(tensor, name)) for name in _LISTS)
        if stored != math.prod(shape):
            raise ValueError(f"{list(shape)} cannot be in the {stored} numbers that are stored of it")
        return _plain(to_array(tensor))

    def _outside(self, tensor: Any, wanted: int) -> bytes:
        """The array that lies in a file beside the model, at an offset."""
        said = {entry.key: entry.value for entry in tensor.external_data}
        location = said.get("location", "")
        path = self._beside(location)
        try:
            offset, length = int(said.get("offset", 0)), int(said.get("length", wanted))
        except ValueError:
            raise ValueError(f"must lie in {location!r} at whole numbers of bytes") from None
        if offset < 0 or length != wanted:
            raise ValueError(f"must be {wanted} bytes of {location!r} from 0 on, is {length} from {offset} on")
        with open_regular(path) as file:
            size = file.seek(0, 2)
            if offset + length > size:
                raise ValueError(f"must lie in {location!r}: it has {size} bytes, not {offset + length}")
            file.seek(offset)
            return file.read(length)

    def _beside(self, location: str) -> Path:
        names = (PurePosixPath(location).parts, PureWindowsPath(location).parts)
        if any(parts != (location,) for parts in names) or location in ("", ".", "..") or "\0" in location:
            raise ValueError(f"must lie in a file beside the model, not in {location!r}")
        path = self._folder / location
        if path.resolve().parent != self._folder.resolve():
            raise ValueError(f"must lie in a file beside the model; {location!r} is a link to somewhere else")
        return path


_BYTES = {
    "FLOAT": 4, "DOUBLE": 8, "FLOAT16": 2, "BFLOAT16": 2,
    "INT64": 8, "INT32": 4, "BOOL": 1, "UINT8": 1, "INT8": 1,
}  # fmt: skip
_LISTS = ("float_data", "double_data", "int32_data", "int64_data", "uint64_data")


def _plain(array: Array) -> Array:
    """Converts float16 and bfloat16 to float32, without loss."""
    if array.dtype in (np.float32, np.float64) or array.dtype.kind in "biu":
        return array
    return array.astype(np.float32)
