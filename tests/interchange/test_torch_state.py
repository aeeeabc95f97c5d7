"""Are a PyTorch state_dict's weights the network's, under its names, and is everything else refused?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.engine.weights import load_weights, weight_shapes

NETWORK = load_workload("digits_cnn")


def _state(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """As torch would list it: every module by its own name, a counter beside each norm."""
    state = {}
    for name, shape in weight_shapes(NETWORK).items():
        module, _, term = name.partition(".")
        norm = term.startswith("bn.")
        state[f"net.{'bn' if norm else 'm'}_{module}.{term.removeprefix('bn.')}"] = rng.random(shape, np.float32)
        if term == "bn.running_var":
            state[f"net.bn_{module}.num_batches_tracked"] = np.array(7)
    return state


def test_modules_are_matched_by_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = _state(np.random.default_rng(1))
    np.savez(tmp_path / "state.npz", **state)
    out = tmp_path / "weights.npz"
    arguments = ["import", "torch", str(tmp_path / "state.npz"), "--workload", "digits_cnn", "--out", str(out)]
    assert main(arguments) == 0
    weights = load_weights(out, NETWORK)
    floats = [array for name, array in state.items() if not name.endswith("num_batches_tracked")]
    assert all(np.array_equal(weights[name], array) for name, array in zip(weight_shapes(NETWORK), floats, strict=True))
    capsys.readouterr()
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [f"{out} holds this already"]
    out.write_bytes(b"mine")
    assert main(arguments) == 2
    assert "must not be overwritten" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"


def test_everything_that_does_not_fit_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = _state(np.random.default_rng(1))
    del state["net.m_fc3.weight"], state["net.m_fc3.bias"]
    state["extra"] = np.zeros(3, np.float32)
    np.savez(tmp_path / "state.npz", **state)
    out = tmp_path / "weights.npz"
    assert main(["import", "torch", str(tmp_path / "state.npz"), "--workload", "digits_cnn", "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert "has 6 convolution and linear modules, must have 7" in told
    assert "extra: must belong to a weight layer or a batch norm" in told
    assert not out.exists()
