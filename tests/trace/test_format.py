"""Does a trace come back as it was written, in any order of writing, and is any other file refused with the reason?"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.trace.header import parse_header
from lifsim.trace.opening import open_trace
from lifsim.trace.writer import TraceWriter, save

SHAPES = {"conv1": (1, 2, 3, 5, 5), "conv2": (3, 2, 4, 3, 7), "fc": (3, 2, 11)}


def _spikes(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.random(shape) < 0.3 for name, shape in SHAPES.items()}


def _write(path: Path, spikes: dict[str, np.ndarray]) -> Path:
    with TraceWriter(path, "small", 3, 2, sharing="channel2", seed=5, provenance="test") as writer:
        for name, array in spikes.items():
            for step, part in enumerate(array):
                writer.write(name, step, part)
    return path


def _write_fc(path: Path, steps: list[int]) -> None:
    with TraceWriter(path, "small", 3, 2, overwrite=True) as writer:
        for step in steps:
            writer.write("fc", step, np.zeros((2, 4)))


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _rewrite(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _array(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _reheader(members: dict[str, bytes], change: Callable[[dict], object]) -> None:
    header = json.loads(np.load(io.BytesIO(members["header.npy"])).tobytes())
    change(header)
    members["header.npy"] = _array(np.frombuffer(json.dumps(header).encode(), np.uint8))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_was_written_comes_back(tmp_path: Path, method: int) -> None:
    spikes = _spikes()
    path = _write(tmp_path / "t.npz", spikes)
    _rewrite(path, _members(path), method)
    with open_trace(path) as trace:
        assert (trace.workload, trace.sharing, trace.seed, trace.provenance) == ("small", "channel2", 5, "test")
        assert (trace.timesteps, trace.batch) == (3, 2)
        for layer in trace.layers:
            for step in reversed(range(layer.timesteps)):
                np.testing.assert_array_equal(layer.read(step, 0, 2), spikes[layer.name][step])
                np.testing.assert_array_equal(layer.read(step, 1, 2), spikes[layer.name][step, 1:])


@settings(max_examples=15, deadline=None)
@given(order=st.permutations([(n, t, b) for n, s in SHAPES.items() for t in range(s[0]) for b in range(2)]))
def test_the_order_of_writing_does_not_matter(tmp_path_factory: pytest.TempPathFactory, order: list) -> None:
    path, spikes = tmp_path_factory.mktemp("order") / "t.npz", _spikes()
    with TraceWriter(path, "small", 3, 2) as writer:
        for name, step, image in order:
            writer.write(name, step, spikes[name][step, image : image + 1], first=image)
    with open_trace(path) as trace:
        for layer in trace.layers:
            assert all((layer.read(t, 0, 2) == spikes[layer.name][t]).all() for t in range(layer.timesteps))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32])
def test_views_of_any_memory_order_can_be_written(tmp_path: Path, dtype: type) -> None:
    spikes = np.asfortranarray(_spikes()["conv2"].astype(dtype))
    with TraceWriter(tmp_path / "t.npz", "small", 3, 2) as writer:
        for step in range(3):
            writer.write("conv2", step, spikes[step])
            writer.write("repeated", step, np.broadcast_to(spikes[step, :1], spikes[step].shape))
    with open_trace(tmp_path / "t.npz") as trace:
        np.testing.assert_array_equal(trace.layer("conv2").read(1, 0, 2), spikes[1])
        np.testing.assert_array_equal(trace.layer("repeated").read(1, 1, 2), spikes[1, :1])


def test_equal_traces_are_equal_files(tmp_path: Path) -> None:
    one = _write(tmp_path / "a.npz", _spikes())
    with open_trace(one) as trace:
        save(trace, tmp_path / "b.npz")
    assert one.read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_failed_write_leaves_nothing_behind_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="fc: has timesteps or images without spikes"):
        _write_fc(path, steps=[1])
    with pytest.raises(ValueError, match="within the trace"):
        _write_fc(path, steps=[0, 1, 2, 3])
    with pytest.raises(InputError, match="exists already"), TraceWriter(path, "small", 3, 2):
        pass
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["t.npz"]


@pytest.mark.parametrize(
    ("step", "first", "spikes", "reason"),
    [
        (0, 0, np.full((2, 4), 2), "0 or 1"),
        (0, 0, np.full((2, 4), np.nan), "0 or 1"),
        (0, 0, np.zeros((2, 5)), "as before"),
        (3, 0, np.zeros((2, 4)), "within the trace"),
        (0, 1, np.zeros((2, 4)), "within the trace"),
        (2, 0, np.zeros((2, 4)), "written once"),
        (0, 0, np.zeros((2, 2, 2)), "must be"),
    ],
)
def test_the_writer_refuses_what_does_not_fit(
    tmp_path: Path, step: int, first: int, spikes: np.ndarray, reason: str
) -> None:
    with TraceWriter(tmp_path / "t.npz", "small", 3, 2) as writer:
        for good in range(1, 3):
            writer.write("fc", good, np.zeros((2, 4)))
        with pytest.raises(ValueError, match=reason):
            writer.write("fc", step, spikes, first)
        writer.write("fc", 0, np.zeros((2, 4)))


def _bad(change: Callable[[dict[str, bytes]], object]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        members = _members(path)
        change(members)
        _rewrite(path, members)

    return damage


def _bad_header(change: Callable[[dict], object]) -> Callable[[Path], object]:
    return _bad(lambda members: _reheader(members, change))


def _pickled(members: dict[str, bytes]) -> None:
    file = io.BytesIO()
    np.save(file, np.array([{}], object), allow_pickle=True)
    members["bits_0001.npy"] = file.getvalue()


def _flip_bit(members: dict[str, bytes]) -> None:
    data = bytearray(members["bits_0001.npy"])
    data[-1] ^= 0x80
    members["bits_0001.npy"] = bytes(data)


def _flip_raw(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"bits_0001.npy") + 150] ^= 1
    path.write_bytes(data)


def _claim(shape: str) -> Callable[[dict[str, bytes]], object]:
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': " + shape.encode() + b", }\n"
    return lambda members: members.update(
        {"bits_0001.npy": b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(30)}
    )


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "whole .npz"),
    "garbage": (lambda path: path.write_bytes(bytes(range(256)) * 9), "whole .npz"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-200]), "whole .npz"),
    "bits changed": (_bad(_flip_bit), "conv2: checksum is wrong"),
    "byte changed on disk": (_flip_raw, "bits_0001: is damaged"),
    "ones": (_bad_header(lambda h: h["layers"][1].update(ones=3)), "header says 3"),
    "pickle": (_bad(_pickled), "bits_0001: must be an array of plain numbers or booleans, not pickled"),
    "claims too much": (_bad(_claim("(1000000000000,)")), "claims"),
    "claims negative": (_bad(_claim("(-30,)")), "claims"),
    "claims lengths that no word holds": (_bad(_claim(f"({'9' * 3000}, {'9' * 3000})")), "at most 64 axes"),
    "claims axes": (_bad(_claim(f"({'1, ' * 65})")), "at most 64 axes"),
    "claims words": (_bad(_claim("('a',)")), "valid .npy header"),
    "claims without an end": (_bad(_claim("((30,)")), "valid .npy header"),
    "missing layer": (_bad(lambda members: members.pop("bits_0001.npy")), "conv2: must have its bits"),
    "extra member": (_bad(lambda members: members.update({"x.npy": _array(np.zeros(3))})), "x: belongs to no layer"),
    "path trick": (_bad(lambda members: members.update({"../x.npy": _array(np.zeros(3))})), "NAME.npy"),
    "not an array": (_bad(lambda members: members.update({"x.txt": b"hello"})), "NAME.npy"),
    "header is no JSON": (_bad(lambda m: m.update({"header.npy": _array(np.zeros(3, np.uint8))})), "must be JSON"),
    "header is deep": (
        _bad(lambda m: m.update({"header.npy": _array(np.frombuffer(b"[" * 100_000, np.uint8))})),
        "must be JSON",
    ),
    "shape of other bits": (_bad_header(lambda h: h["layers"][1].update(shape=[3, 2, 4, 3, 9])), "must have uint8"),
    "version": (_bad_header(lambda h: h.update(version=2)), "version 2"),
    "misspelt": (_bad_header(lambda h: h.update(sharin="none")), "did you mean 'sharing'"),
    "no sharing": (_bad_header(lambda h: h.pop("sharing")), "must have 'sharing'"),
    "unknown sharing": (_bad_header(lambda h: h.update(sharing="chanel2")), "did you mean 'channel2'"),
    "timesteps": (_bad_header(lambda h: h.update(timesteps=-3)), "-3 must be"),
    "batch": (_bad_header(lambda h: h.update(batch=2.5)), "2.5 must be"),
    "shape": (_bad_header(lambda h: h["layers"][0].update(shape=[1, 2, 3])), "must be <= the 6 bits"),
    "rank": (_bad_header(lambda h: h["layers"][0].update(shape=[1, 2])), r"layers\[0\].shape: must be"),
    "huge": (_bad_header(lambda h: h["layers"][0].update(shape=[1, 2, 1 << 35])), "at most"),
    "same names": (_bad_header(lambda h: h["layers"][0].update(name="fc")), "names that differ"),
    "not a mapping": (_bad_header(lambda h: h.update(layers=[3])), "must be a mapping"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_bad_trace_is_refused_with_the_reason(tmp_path: Path, damage: Callable[[Path], object], reason: str) -> None:
    path = _write(tmp_path / "bad.npz", _spikes())
    damage(path)
    with pytest.raises(InputError, match=reason) as caught:  # noqa: SIM117
        with open_trace(path) as trace:
            trace.verify()
    assert all(fault.source == str(path) for fault in caught.value.faults)


def _every_value(header: dict) -> list[tuple[str, dict, str]]:
    """Each value of a header: where it stands, the mapping that has it, its key."""
    layer = header["layers"][0]
    values = [(f"header.{key}", header, key) for key in header]
    return values + [(f"header.layers[0].{key}", layer, key) for key in layer]


_NEITHER_TEXT_NOR_NUMBER = [1.5, [1], True, float("nan"), float("inf"), {}]


@pytest.mark.parametrize("wrong", [*_NEITHER_TEXT_NOR_NUMBER, None, "gone"], ids=str)
def test_one_wrong_value_of_a_header_is_one_fault(wrong: object) -> None:
    """What depends on it is not judged by what stands in for it."""
    layer = {"name": "fc", "shape": [2, 3, 5], "ones": 9, "sha256": "0" * 64}
    good = {"format": "lifsim-trace", "version": 1, "workload": "n", "sharing": "layer", "timesteps": 2, "batch": 3}
    text = json.dumps({**good, "seed": 7, "provenance": "", "layers": [layer, {**layer, "name": "fc2"}]})
    assert parse_header(text.encode(), "t.npz").batch == 3
    for place, _, key in _every_value(json.loads(text)):
        changed = json.loads(text)
        where = next(mapping for at, mapping, _ in _every_value(changed) if at == place)
        if wrong == "gone":
            del where[key]
            place = place.removesuffix(f".{key}")
        elif key == "seed" and wrong is None:
            continue
        else:
            where[key] = wrong
        with pytest.raises(InputError) as caught:
            parse_header(json.dumps(changed).encode(), "t.npz")
        (fault,) = caught.value.faults
        assert fault.path.startswith(place.replace("header.version", "header.format")), str(fault)
        assert key in fault.message or wrong != "gone"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.npz", _spikes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("bits_0001.npy", _array(np.zeros(3, np.uint8)))
    with pytest.raises(InputError, match="once"):
        open_trace(path)


def test_a_zip_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conv1.npy", _array(np.zeros((1, 100_000), np.bool_)))
    data = bytearray(path.read_bytes())
    claim = data.rindex((100_128).to_bytes(4, "little"))
    data[claim : claim + 4] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot hold"):
        open_trace(path)


@pytest.mark.parametrize(("make", "reason"), [(Path.mkdir, "must be a file"), (Path.exists, "no such file")])
def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path, make: Callable[[Path], object], reason: str) -> None:
    path = tmp_path / "t.npz"
    make(path)
    with pytest.raises(InputError, match=reason):
        open_trace(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = _write(tmp_path_factory.mktemp("damage") / "t.npz", _spikes())
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        with open_trace(path) as trace:
            for layer in trace.layers:
                for step in range(layer.timesteps):
                    np.testing.assert_array_equal(layer.read(step, 0, 2), _spikes()[layer.name][step])
    except InputError:
        pass
