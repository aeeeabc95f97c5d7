"""Are plain archives of 0/1 arrays read as what they are, and refused with the reason where they are something else?"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lifsim.errors import InputError
from lifsim.trace.archive import Archive
from lifsim.trace.opening import open_trace
from lifsim.trace.plain import read_plain
from lifsim.trace.source import Trace
from lifsim.trace.writer import save


def _plain(path: Path, timesteps: int | None = None, layout: str = "TB", **arrays: np.ndarray) -> Trace:
    np.savez(path, **arrays)
    return read_plain(Archive(path), timesteps, layout)


def _spikes(*shape: int, dtype: type = np.bool_) -> np.ndarray:
    return (np.random.default_rng(1).random(shape) < 0.4).astype(dtype)


@pytest.mark.parametrize("name", ["vgg16_cifar10", "vgg9_cifar10", "lenet5_mnist"])
def test_the_reference_traces_come_back_from_an_imported_file(
    spike_trace: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    plain, packed = spike_trace(name), tmp_path / "packed.npz"
    with open_trace(plain) as trace:
        save(trace, packed)
    with np.load(plain) as arrays, open_trace(packed) as trace:
        assert [layer.name for layer in trace.layers] == list(arrays)
        for layer in trace.layers:
            read = np.concatenate([layer.read(step, 0, 1) for step in range(layer.timesteps)])
            np.testing.assert_array_equal(read, arrays[layer.name])


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float32, ">i2"])
def test_any_plain_number_type_will_do(tmp_path: Path, dtype: type) -> None:
    trace = _plain(tmp_path / "t.npz", a=_spikes(3, 2, 4, 5, dtype=dtype))
    np.testing.assert_array_equal(trace.layers[0].read(1, 0, 1), _spikes(3, 2, 4, 5)[1:2])


@pytest.mark.parametrize("dtype", [np.bool_, ">f4"])
@pytest.mark.parametrize("layout", ["TB", "BT"])
def test_arrays_in_fortran_order_are_read_as_they_are_meant(tmp_path: Path, layout: str, dtype: type) -> None:
    merged, own_axes = _spikes(12, 2, 4, 5, dtype=dtype), _spikes(*((4, 3) if layout == "TB" else (3, 4)), 6)
    plain = _plain(tmp_path / "c.npz", None, layout, a=merged, b=own_axes)
    swapped = _plain(tmp_path / "f.npz", None, layout, a=np.asfortranarray(merged), b=np.asfortranarray(own_axes))
    assert swapped.layers[0].shape == plain.layers[0].shape == (4, 3, 2, 4, 5)
    for name in "ab":
        for step in range(4):
            np.testing.assert_array_equal(swapped.layer(name).read(step, 0, 3), plain.layer(name).read(step, 0, 3))


def test_a_large_array_in_fortran_order_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifsim.trace.plain.MAX_FORTRAN_BYTES", 20)
    with pytest.raises(InputError, match=r"a: has 24 bytes in Fortran order.*np.ascontiguousarray"):
        _plain(tmp_path / "t.npz", a=np.asfortranarray(_spikes(4, 6)))


@pytest.mark.parametrize("layout", ["TB", "BT"])
def test_a_leading_axis_is_split_in_the_order_that_is_asked_for(tmp_path: Path, layout: str) -> None:
    spikes = _spikes(12, 6)
    trace = _plain(tmp_path / "t.npz", 4, layout, image=_spikes(1, 2, 3, 3), a=spikes, mean=_spikes(3, 5))
    by_step = spikes.reshape(4, 3, 6) if layout == "TB" else spikes.reshape(3, 4, 6).transpose(1, 0, 2)
    assert (trace.timesteps, trace.batch) == (4, 3)
    for step in range(4):
        np.testing.assert_array_equal(trace.layer("a").read(step, 1, 3), by_step[step, 1:3])
    np.testing.assert_array_equal(trace.layer("mean").read(0, 0, 3), _spikes(3, 5))
    np.testing.assert_array_equal(trace.layer("image").read(0, 0, 3), np.repeat(_spikes(1, 2, 3, 3), 3, axis=0))
    assert ("timesteps outer" if layout == "TB" else "images outer") in trace.provenance


@pytest.mark.parametrize("layout", ["TB", "BT"])
@pytest.mark.parametrize("timesteps", [None, 4])
def test_arrays_with_an_axis_of_images_are_read_as_they_are(tmp_path: Path, timesteps: int, layout: str) -> None:
    lead = (4, 3) if layout == "TB" else (3, 4)
    first, deep, flat = _spikes(1, 2, 3, 3), _spikes(*lead, 2, 4, 5), _spikes(*lead, 6, dtype=np.float32)
    trace = _plain(tmp_path / "t.npz", timesteps, layout, image=first, deep=deep, flat=flat, mean=_spikes(3, 5))
    assert (trace.timesteps, trace.batch) == (4, 3)
    assert [layer.shape for layer in trace.layers] == [(1, 1, 2, 3, 3), (4, 3, 2, 4, 5), (4, 3, 6), (1, 3, 5)]
    for step in range(4):
        for name, whole in (("deep", deep), ("flat", flat)):
            by_step = whole if layout == "TB" else whole.swapaxes(0, 1)
            np.testing.assert_array_equal(trace.layer(name).read(step, 1, 3), by_step[step, 1:3])
    assert "4 timesteps x 3 images" in trace.provenance


def test_axes_of_images_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    signal = r"signal: \[4, 2, 8\] must begin with T, B = 4, 3, or a 1 for either; a 1-D signal is \[T, C, 1, L\]"
    with pytest.raises(InputError, match=signal):
        _plain(tmp_path / "t.npz", deep=_spikes(4, 3, 2, 4, 5), signal=_spikes(4, 2, 8))
    with pytest.raises(InputError, match=r"deep: \[4, 3, 2, 4, 5\] must begin with T, B = 2, 3"):
        _plain(tmp_path / "t.npz", 2, deep=_spikes(4, 3, 2, 4, 5))
    with pytest.raises(
        InputError, match="conv: 4 must begin with T x B = 4 x 2"
    ):  # no image is like the other by chance
        _plain(tmp_path / "t.npz", conv=_spikes(4, 2, 4, 5), signal=_spikes(4, 2, 8))


def test_a_row_for_all_images_is_written_once_for_each(tmp_path: Path) -> None:
    save(_plain(tmp_path / "t.npz", 2, a=_spikes(6, 5), mean=_spikes(1, 5)), tmp_path / "p.npz")
    with open_trace(tmp_path / "p.npz") as trace:
        assert trace.layer("mean").shape == (1, 3, 5)
        np.testing.assert_array_equal(trace.layer("mean").read(0, 2, 3), _spikes(1, 5))


BAD = {
    "objects": (np.array([{}, {}], object), "pickled objects"),
    "text": (np.array([["a"]]), "plain numbers"),
    "complex": (np.zeros((2, 2), complex), "plain numbers"),
    "records": (np.zeros(2, [("a", "u1")]), "plain numbers"),
    "rank 1": (np.zeros(4), r"must be \[T, C, H, W\] or \[T, F\], .*, is \[4\]"),
    "rank 6": (np.zeros((4, 1, 1, 1, 1, 1)), r"with images \[T, B, C, H, W\] or \[T, B, F\], is \[4, 1, 1, 1, 1, 1\]"),
    "empty": (np.zeros((4, 0)), "no axis of length 0"),
    "twos": (np.full((4, 3), 2), "0 and 1 only"),
    "halves": (np.full((4, 3), 0.5), "0 and 1 only"),
    "nan": (np.full((4, 3), np.nan), "0 and 1 only"),
    "infinite": (np.full((4, 3), np.inf), "0 and 1 only"),
    "minus one": (np.full((4, 3), -255), "0 and 1 only"),
    "Fortran": (np.asfortranarray(np.full((4, 3), 2)), "0 and 1 only"),
    "257": (np.full((4, 3), 257), "0 and 1 only"),
    "other length": (np.zeros((3, 3)), "3 must begin with T x B = 4 x 1"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("array", "reason"), BAD.values(), ids=BAD.keys())
def test_what_is_no_spikes_is_refused_with_the_reason(tmp_path: Path, array: np.ndarray, reason: str) -> None:
    np.savez(tmp_path / "t.npz", good=np.zeros((4, 3)), bad=array)
    with pytest.raises(InputError, match=f"bad: .*{reason}"):  # noqa: SIM117
        with open_trace(tmp_path / "t.npz") as trace:
            trace.verify()


def test_a_boolean_byte_of_two_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((4, 3), np.bool_))
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("a.npy", file.getvalue()[:-1] + b"\x02")
    with pytest.raises(InputError, match="a: must hold 0 and 1 only"):
        open_trace(tmp_path / "t.npz").verify()


def test_a_damaged_byte_is_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", a=np.zeros((4, 50_000), np.bool_))
    data = bytearray((tmp_path / "t.npz").read_bytes())
    data[100_000] = 1
    (tmp_path / "t.npz").write_bytes(data)
    with pytest.raises(InputError, match="a: is damaged"):
        open_trace(tmp_path / "t.npz").layers[0].read(0, 0, 1)


@pytest.mark.parametrize(
    ("timesteps", "layout", "reason"), [(0, "TB", "timesteps: 0"), (5, "TB", "5 x 2"), (4, "tb", "TB or BT")]
)
def test_a_split_that_cannot_be_is_refused(tmp_path: Path, timesteps: int, layout: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        _plain(tmp_path / "t.npz", timesteps, layout, a=_spikes(12, 3))


def test_an_archive_of_nothing_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz")
    with pytest.raises(InputError, match="at least one array"):
        open_trace(tmp_path / "t.npz")
