"""Do weights survive the file, and is every file that cannot be used refused with the reasons?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.engine.weights import load_weights, save_arrays, weight_shapes
from lifsim.errors import InputError
from lifsim.model.network import Network
from tests.engine.build import Builder


@pytest.fixture
def network() -> Network:
    return Builder((3, 6, 6), 2).conv("conv1", 4).lif("lif1").linear("fc", 10).network()


@pytest.fixture
def arrays(network: Network) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.random(shape, dtype=np.float32) for name, shape in weight_shapes(network).items()}


def test_does_a_file_give_back_what_was_saved(network: Network, arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    save_arrays(tmp_path / "w.npz", arrays)
    loaded = load_weights(tmp_path / "w.npz", network)
    assert list(loaded) == list(weight_shapes(network))
    assert all(np.array_equal(loaded[name], arrays[name]) for name in arrays)
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]
    with pytest.raises(ValueError, match="read-only"):
        loaded["fc.weight"][0] = 0


def test_are_all_misfits_of_another_networks_file_listed(
    network: Network, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    other = arrays | {"fc.weight": np.zeros((10, 9), np.float32), "conv1.weight": np.zeros((4, 3, 3, 3), np.int8)}
    other["conv9.weight"] = other.pop("conv1.bn.weight")
    save_arrays(tmp_path / "w.npz", other)
    with pytest.raises(InputError) as caught:
        load_weights(tmp_path / "w.npz", network)
    assert len(caught.value.faults) == 4
    for part in ("conv1.bn.weight", "conv9.weight", "[10, 9] must be [10, 144]", "int8"):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"garbage" * 99, b"PK\x03\x04" + bytes(50)])
def test_is_what_is_no_archive_refused(network: Network, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"w\.npz"):
        load_weights(tmp_path / "w.npz", network)


def test_are_missing_files_folders_pickles_and_truncated_files_refused(
    network: Network, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    np.savez(tmp_path / "pickled.npz", allow_pickle=True, **arrays | {"fc.bias": np.array([{}] * 10)})
    save_arrays(tmp_path / "whole.npz", arrays)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:-400])
    for name in ("missing.npz", ".", "pickled.npz", "cut.npz"):
        with pytest.raises(InputError):
            load_weights(tmp_path / name, network)


def test_does_a_failed_write_leave_the_old_file(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    save_arrays(tmp_path / "w.npz", arrays)
    before = (tmp_path / "w.npz").read_bytes()
    with pytest.raises(ValueError, match="Object arrays"):
        save_arrays(tmp_path / "w.npz", arrays | {"bad": np.array([{}])})
    assert (tmp_path / "w.npz").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        save_arrays(tmp_path / "file" / "w.npz", arrays)
