"""Tensors in files written by `torch.save`, read without PyTorch. Files are untrusted: what the zip directory and
the pickle claim is checked before memory is allocated."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.interchange.torch_pickle import DamagedError, SavedTensor, Storage, Unknown, unpickled
from lifsim.regular_file import open_regular
from lifsim.trace.archive import DAMAGED, ZIP_FAULTS

Array = NDArray[Any]
Tensors = dict[str, Array]

MAX_PICKLE_BYTES = 1 << 26
MAX_FILES = 100_000
MAX_AXES = 8
_TYPES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
SAVE = "torch.save(model.state_dict(), 'state.pth')"


def read_archive(path: Path, key: str | None) -> tuple[Tensors, str]:
    """The tensors of the state_dict in a file written by torch.save, in their order, and the key at which it was
    stored ('' if it is the whole content). key: which one to take of several. Raises InputError."""
    source = str(path)
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            saved = _Saved(archive, source)
            found, at = _state_in(saved.tree(), key, source)
            return saved.tensors(found, at), at
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", source=source)) from None
    except ZIP_FAULTS as error:
        raise InputError(Fault(f"is cut off or damaged: {str(error)[:80]}", source=source)) from None


class _Saved:
    """An open archive: NAME/data.pkl, and NAME/data/0 and so on."""

    def __init__(self, archive: zipfile.ZipFile, source: str) -> None:
        self._archive, self._source = archive, source
        entries = archive.infolist()
        pickles = [entry.filename for entry in entries if entry.filename.endswith("/data.pkl")]
        folder = pickles[0].removesuffix("data.pkl") if len(pickles) == 1 else ""
        if len(entries) > MAX_FILES or not folder:
            raise self._fault(f"must be a file of PyTorch's: {SAVE}")
        if any(entry.filename.startswith(f"{folder}code/") for entry in entries):
            raise self._fault(f"holds a scripted model; its weights alone are wanted: {SAVE}")
        self._folder = folder
        self._members = {entry.filename: entry for entry in entries}
        if sum(entry.file_size for entry in entries) > sum(entry.compress_size for entry in entries) or any(
            entry.compress_type != zipfile.ZIP_STORED for entry in entries
        ):
            raise self._fault("must hold its parts as torch.save stores them, uncompressed")
        if sum(entry.file_size for entry in entries) > self._file_bytes():
            raise self._fault("claims more bytes than it has")

    def tree(self) -> Any:
        """What was saved."""
        entry = self._members[f"{self._folder}data.pkl"]
        if entry.file_size > MAX_PICKLE_BYTES:
            raise self._fault(f"names too much: data.pkl has {entry.file_size} bytes, of at most {MAX_PICKLE_BYTES}")
        try:
            return unpickled(self._archive.read(entry))
        except DamagedError as error:
            raise self._fault(f"is damaged: {error}") from None

    def tensors(self, found: dict[Any, Any], at: str) -> Tensors:
        """The tensors of a state_dict. Raises InputError with everything in it that is not a tensor."""
        faults: list[Fault] = []
        tensors: Tensors = {}
        for name, one in found.items():
            path = f"{at}.{name}".strip(".")
            try:
                tensors[str(name)] = self._array(one, path)
            except InputError as error:
                faults += error.faults
        if faults:
            raise InputError(faults)
        return tensors

    def _array(self, saved: Any, path: str) -> Array:
        if not isinstance(saved, SavedTensor):
            kind = saved.kind if isinstance(saved, Unknown) else type(saved).__name__
            raise self._fault(f"must be a tensor, is {kind}", path)
        if saved.storage.kind not in _TYPES:
            raise self._fault(f"is of {saved.storage.kind}: save it as tensor.float()", path)
        flat = self._storage(saved.storage, path)
        shape, stride = saved.shape, saved.stride
        if len(shape) > MAX_AXES or len(shape) != len(stride):  # before they are multiplied: a pickle may have millions
            axes = f"{len(shape)} axes and {len(stride)} strides, of at most {MAX_AXES}"
            raise self._fault(f"claims {axes}, which its storage of {len(flat)} does not hold", path)
        last = saved.offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True) if size)
        whole = math.prod(shape)
        if whole > len(flat) or (whole and last >= len(flat)):
            raise self._fault(f"claims {list(shape)}, which its storage of {len(flat)} does not hold", path)
        if not whole:
            return np.empty(shape, flat.dtype)
        view = as_strided(flat[saved.offset :], shape, [step * flat.itemsize for step in stride], writeable=False)
        array = np.ascontiguousarray(view).reshape(shape)
        if saved.storage.kind == "BFloat16Storage":
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array

    def _storage(self, storage: Storage, path: str) -> Array:
        entry = self._members.get(f"{self._folder}data/{storage.key}")
        dtype = np.dtype(_TYPES[storage.kind]).newbyteorder("<" if self._is_little() else ">")
        if entry is None or entry.file_size != storage.elements * dtype.itemsize:
            held = "no" if entry is None else f"{entry.file_size}"
            raise self._fault(f"claims {storage.elements} numbers, and its storage has {held} bytes", path)
        try:
            return np.frombuffer(self._archive.read(entry), dtype).astype(dtype.newbyteorder("="), copy=False)
        except ZIP_FAULTS:
            raise self._fault(DAMAGED, path) from None

    def _is_little(self) -> bool:
        entry = self._members.get(f"{self._folder}byteorder")
        return entry is None or entry.file_size > 16 or self._archive.read(entry) != b"big"

    def _file_bytes(self) -> int:
        file: Any = self._archive.fp
        return int(file.seek(0, 2))

    def _fault(self, message: str, path: str = "") -> InputError:
        return InputError(Fault(message, path, self._source))


def _state_in(tree: Any, key: str | None, source: str) -> tuple[dict[Any, Any], str]:
    """The state_dict in what was saved, and its key."""
    if isinstance(tree, Unknown):
        raise InputError(Fault(f"holds a whole {tree.kind}; its weights alone are wanted: {SAVE}", source=source))
    if not isinstance(tree, dict):
        raise InputError(Fault(f"must hold a state_dict: {SAVE}", source=source))
    inside = {str(name): one for name, one in tree.items() if _is_state(one)}
    if key is not None:
        if key not in inside:
            raise InputError(Fault(f"{key!r} must be one of {', '.join(inside) or 'no others: leave it out'}", "key"))
        return inside[key], key
    if not inside and _is_state(tree):
        return tree, ""
    if len(inside) == 1:
        ((at, state),) = inside.items()
        return state, at
    if inside:
        named = ", ".join(inside)
        raise InputError(Fault(f"holds several state_dicts: say which with --key: {named}", source=source))
    held = ", ".join(str(name) for name in [*tree][:8])
    raise InputError(Fault(f"must hold a state_dict, holds {held or 'nothing'}: {SAVE}", source=source))


def _is_state(tree: Any) -> bool:
    """Whether this looks like a state_dict: names and tensors."""
    if not isinstance(tree, dict) or not all(isinstance(name, str) for name in tree):
        return False
    return any(isinstance(one, SavedTensor) for one in tree.values())
