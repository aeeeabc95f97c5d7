"""The arrays of a state_dict by name, from torch.save, .safetensors or .npz. Nothing in a file is executed."""

from __future__ import annotations

import zipfile
from contextlib import closing
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.document import kind_at
from lifsim.config.file_kind import WEIGHTS, in_words
from lifsim.errors import Fault, InputError
from lifsim.interchange.torch_archive import SAVE, read_archive
from lifsim.lazy_dataclass import dataclass
from lifsim.regular_file import open_regular
from lifsim.trace.archive import Archive

Array = NDArray[Any]
_HEAD_BYTES = 16
MAX_ELEMENTS = 1 << 29
"""Of all arrays of an .npz file, where zeros take almost no room."""


@dataclass(frozen=True)
class Saved:
    """A state_dict. ordered: whether its arrays stand in the order in which the model defines them; a .safetensors
    file is in alphabetical order. notes: on the file."""

    arrays: dict[str, Array]
    ordered: bool = True
    notes: tuple[str, ...] = ()


def read_state(path: Path, key: str | None = None) -> Saved:
    """Reads the state_dict in a file. key: which one, if torch.save wrote several. Raises InputError."""
    if path.suffix == ".npz" or _is_npz(path):
        _refuse_key(key)
        with closing(Archive(path)) as archive:
            archive.refuse_other(WEIGHTS)
            elements = sum(prod(array.shape) for array in archive.arrays.values())
            if elements > MAX_ELEMENTS:
                raise archive.fault(f"{elements} elements, of all arrays together, must be <= {MAX_ELEMENTS}")
            return Saved({name: archive.whole(array) for name, array in archive.arrays.items()})
    head = _head(path)
    if path.suffix == ".safetensors":
        _refuse_key(key)
        return Saved(_safetensors(path), ordered=False)
    if not head.startswith(b"PK"):
        raise InputError(Fault(_not_a_zip(head, in_words(kind_at(path))), source=str(path)))
    arrays, at = read_archive(path, key)
    return Saved(arrays, notes=(f"the state_dict is that at {at!r}",) if at and key is None else ())


def _refuse_key(key: str | None) -> None:
    if key is not None:
        raise InputError(Fault("must not be given: files of torch.save's alone have keys", path="key"))


def _head(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(_HEAD_BYTES) or b""
    except FileNotFoundError:
        raise InputError(Fault("no such file", source=str(path))) from None
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror}", source=str(path))) from None


def _is_npz(path: Path) -> bool:
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError):
        return False


def _not_a_zip(head: bytes, kind: str) -> str:
    if head.startswith(b"\x80"):
        return (
            "is a pickle, as PyTorch wrote before 1.6, which is not read: whoever trusts it converts it by "
            "torch.save(torch.load(FILE, map_location='cpu', weights_only=True), 'state.pth')"
        )
    if kind:
        return f"must be a state_dict of PyTorch{kind}"
    return f"must be a state_dict: {SAVE}, or safetensors.torch.save_file, or numpy.savez; or it is cut off"


def _safetensors(path: Path) -> dict[str, Array]:
    if find_spec("safetensors") is None:
        raise InputError(Fault('needs safetensors: pip install "lifsim[safetensors]"', source=str(path)))
    from safetensors import SafetensorError, safe_open

    arrays: dict[str, Array] = {}
    faults: list[Fault] = []
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.offset_keys():
                try:
                    arrays[name] = np.array(file.get_tensor(name))
                except (TypeError, AttributeError):
                    kind = file.get_slice(name).get_dtype()
                    faults.append(Fault(f"is of {kind}, which NumPy has not: save tensor.float()", name, str(path)))
    except (SafetensorError, OSError, ValueError) as error:
        message = f"cannot be read: it is cut off, damaged, or no .safetensors file ({str(error)[:80]})"
        raise InputError(Fault(message, source=str(path))) from None
    if faults:
        raise InputError(faults)
    return arrays
