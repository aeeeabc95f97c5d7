"""Are files of `torch.save` read without PyTorch, and is what they claim checked before memory is asked for? They are
written here by hand; tests/recording has those that PyTorch writes."""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lifsim.errors import InputError
from lifsim.interchange.torch_archive import read_archive

GLOBAL, MARK, TUPLE, REDUCE, PERSID, SETITEMS, STOP, FALSE, DICT, POP = (
    pickle.GLOBAL, pickle.MARK, pickle.TUPLE, pickle.REDUCE, pickle.BINPERSID, pickle.SETITEMS, pickle.STOP,
    pickle.NEWFALSE, pickle.EMPTY_DICT, pickle.POP,
)  # fmt: skip


def text(word: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(word)) + word.encode()


def number(value: int) -> bytes:
    if value.bit_length() > 31:
        digits = pickle.encode_long(value)
        return pickle.LONG4 + struct.pack("<i", len(digits)) + digits
    return pickle.BININT + struct.pack("<i", value)


def named(module: str, name: str) -> bytes:
    return GLOBAL + f"{module}\n{name}\n".encode()


def tensor(key: str, shape: tuple[int, ...], stride: tuple[int, ...], elements: int, offset: int = 0) -> bytes:
    storage = (
        MARK + text("storage") + named("torch", "FloatStorage") + text(key) + text("cpu") + number(elements) + TUPLE
    )
    sizes, steps = (MARK + b"".join(map(number, one)) + TUPLE for one in (shape, stride))
    hooks = named("collections", "OrderedDict") + MARK + TUPLE + REDUCE
    made = MARK + storage + PERSID + number(offset) + sizes + steps + FALSE + hooks + TUPLE + REDUCE
    return named("torch._utils", "_rebuild_tensor_v2") + made


def write(path: Path, items: dict[str, bytes], storages: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    entries = b"".join(text(name) + value for name, value in items.items())
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("state/data.pkl", b"\x80\x02" + DICT + MARK + entries + SETITEMS + STOP)
        archive.writestr("state/byteorder", "little")
        for key, data in storages.items():
            archive.writestr(f"state/data/{key}", data)


NUMBERS = np.arange(12, dtype="<f4")


def test_views_of_storages_are_read(tmp_path: Path) -> None:
    """Two tensors of one storage, one of them transposed and from its middle on."""
    items = {"a.weight": tensor("0", (3, 4), (4, 1), 12), "b.weight": tensor("0", (2, 2), (1, 2), 12, 8)}
    write(tmp_path / "state.pth", items, {"0": NUMBERS.tobytes()})
    found, at = read_archive(tmp_path / "state.pth", None)
    assert at == ""
    np.testing.assert_array_equal(found["a.weight"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(found["b.weight"], [[8, 10], [9, 11]])


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_archive(path, None)
    return str(caught.value)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (tensor("0", (3, 5), (5, 1), 12), r"claims [3, 5], which its storage of 12 does not hold"),
        (tensor("0", (3, 4), (4, 1), 12, 1), "which its storage of 12 does not hold"),
        (tensor("0", (2, 4), (100, 1), 12), "which its storage of 12 does not hold"),
        (tensor("0", (2**30, 2**30, 2**30), (0, 0, 0), 12), "which its storage of 12 does not hold"),
        (tensor("0", (2, -2), (1, 1), 12), "is damaged: a size is no whole number"),
        (tensor("0", (10**5000, 1), (1, 1), 12), "is damaged: a size is no whole number of 63 bits"),
        (tensor("0", (2, 2), (1,), 12), "which its storage of 12 does not hold"),
        (tensor("0", (2**30,) * 20_000, (1,), 12), "claims 20000 axes and 1 strides, of at most 8, which its"),
        (tensor("0", (1,) * 9, (1,) * 9, 12), "which its storage of 12 does not hold"),
        (tensor("0", (3, 4), (4, 1), 2**30), "claims 1073741824 numbers, and its storage has 48 bytes"),
        (tensor("9", (3, 4), (4, 1), 12), "claims 12 numbers, and its storage has no bytes"),
        (tensor("../0", (3, 4), (4, 1), 12), "and its storage has no bytes"),
        (named("os", "system") + MARK + text("exit 7") + TUPLE + REDUCE, "must be a tensor, is os.system"),
        (PERSID, "is damaged"),
        (POP, "is damaged: POP is no step that torch.save writes"),
        (pickle.BINGET + b"\x07", "is damaged"),
        (pickle.BINUNICODE + b"\xff\xff\xff\x7f", "is damaged"),
        (TUPLE, "is damaged"),
        (DICT, "must be a tensor, is dict"),
    ],
)
def test_claims_are_checked(item: bytes, words: str, tmp_path: Path) -> None:
    path, whole = tmp_path / "state.pth", tensor("0", (3, 4), (4, 1), 12)
    write(path, {"a.weight": whole, "b.weight": item}, {"0": NUMBERS.tobytes()})
    assert words in refused(path)


def test_archives_are_checked(tmp_path: Path) -> None:
    """Nothing is inflated, and no part is larger than the file."""
    path, items = tmp_path / "state.pth", {"a.weight": tensor("0", (3, 4), (4, 1), 12)}
    write(path, items, {"0": bytes(1 << 16)}, zipfile.ZIP_DEFLATED)
    assert "as torch.save stores them, uncompressed" in refused(path)
    write(path, items, {"0": NUMBERS.tobytes()})
    data = path.read_bytes()
    at = data.index(NUMBERS.tobytes())
    path.write_bytes(data[:at] + bytes(48) + data[at + 48 :])
    assert "cannot be decompressed or fails its CRC" in refused(path)
    path.write_bytes(data[:-30])
    assert "is cut off or damaged" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("something", "else")
    assert "must be a file of PyTorch's: torch.save(model.state_dict(), 'state.pth')" in refused(path)


def test_other_objects_beside_the_state_do_nothing(tmp_path: Path) -> None:
    """Sets, bytes, objects with a state."""
    net = DICT + MARK + text("a.weight") + tensor("0", (3, 4), (4, 1), 12) + SETITEMS
    thing = named("argparse", "Namespace") + MARK + TUPLE + pickle.NEWOBJ + DICT + pickle.BUILD
    dates = pickle.EMPTY_SET + MARK + number(1) + pickle.ADDITEMS
    listed = pickle.EMPTY_LIST + MARK + number(1) + text("x") + pickle.APPENDS
    items = {"net": net, "args": thing, "set": dates, "list": listed, "raw": pickle.SHORT_BINBYTES + b"\x01x"}
    write(tmp_path / "state.pth", items, {"0": NUMBERS.tobytes()})
    found, at = read_archive(tmp_path / "state.pth", None)
    assert (at, [*found]) == ("net", ["a.weight"])
