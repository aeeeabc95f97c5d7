"""Are a PyTorch state_dict's weights the network's, under its names, and is everything else refused?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.engine.weights import load_weights, weight_shapes
from lifsim.errors import InputError
from lifsim.interchange.text import yaml_bytes
from lifsim.interchange.torch_file import read_state
from lifsim.neurons.lif import LifNeuron
from lifsim.trace.archive import Archive

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
    assert "extra: must belong to a weight layer, a batch norm, or neurons of snnTorch or SpikingJelly" in told
    assert told.count("extra") == 1
    assert not out.exists()


def _import(tmp_path: Path, state: dict[str, Any], workload: Any, *more: str) -> int:
    np.savez(tmp_path / "state.npz", **state)
    name = workload if isinstance(workload, str) else str(tmp_path / "net.yaml")
    if not isinstance(workload, str):
        (tmp_path / "net.yaml").write_bytes(yaml_bytes(workload))
    out = str(tmp_path / "w.npz")
    return main(["import", "torch", str(tmp_path / "state.npz"), "--workload", name, "--out", out, "--force", *more])


def _two(**neuron: Any) -> dict[str, Any]:
    """Two linear layers with neurons behind them."""
    return {
        "name": "two",
        "timesteps": 4,
        "input": {"shape": [8]},
        "neuron": {"tau": 5.0, "threshold": 1.0, "decay_input": False, **neuron},
        "layers": [
            {"name": "fc1", "op": "linear", "out": 4, "bias": True},
            {"name": "l1", "op": "lif"},
            {"name": "fc2", "op": "linear", "out": 2, "bias": True},
            {"name": "l2", "op": "lif"},
        ],
    }


def _leaky(name: str, beta: Any = 0.8, threshold: Any = 1.0, reset: int = 0, factor: float = 1.0) -> dict[str, Any]:
    """As snnTorch 1.0 lists a Leaky."""
    return {
        f"{name}.threshold": np.float32(threshold),
        f"{name}.graded_spikes_factor": np.float32(factor),
        f"{name}.reset_mechanism_val": np.int64(reset),
        f"{name}.beta": np.float32(beta),
    }


def _of_two(*neurons: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    first, second = ({}, {}) if not neurons else (neurons[0], neurons[1] if len(neurons) > 1 else {})
    return {
        "fc1.weight": rng.random((4, 8), np.float32), "fc1.bias": rng.random(4, np.float32), **first,
        "fc2.weight": rng.random((2, 4), np.float32), "fc2.bias": rng.random(2, np.float32), **second,
    }  # fmt: skip


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("count", [0, 1, 2])
def test_neurons_that_agree_are_no_fault(count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A beta of 0.8 in float32 is a tau of 5; what no file says is noted where the workload has it otherwise."""
    state = _of_two(*[_leaky("lif1"), _leaky("lif2")][:count])
    assert _import(tmp_path, state, _two()) == 0
    told = _told(capsys)
    assert ("snnTorch's Leaky is fires: above, reset_step: next by default" in told) == (count > 0)
    assert _import(tmp_path, state, _two(fires="above", reset_step="next")) == 0
    assert "Leaky" not in _told(capsys)


def test_neurons_that_contradict_are_told_once_with_both_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = _of_two(_leaky("lif1", beta=0.9, threshold=0.5), _leaky("lif2", reset=1))
    assert _import(tmp_path, state, _two()) == 2
    told = _told(capsys)
    assert "lif1.beta: 0.9 (tau 10), where l1 has tau 5: change the workload's, or write one with those" in told
    assert "lif1.threshold: 0.5, where l1 has threshold 1: " in told
    assert "lif2.reset_mechanism_val: 1 (hard reset), where l2 has reset soft: " in told
    assert told.count("state.npz") == 3
    both = _leaky("lif", beta=0.9)  # one module, called for both layers
    assert _import(tmp_path, _of_two(both), _two()) == 2
    assert _told(capsys).count("lif.beta: 0.9 (tau 10), where l1, l2 have tau 5") == 1
    assert _import(tmp_path, _of_two(_leaky("lif1")), _two(decay_input=True)) == 2
    assert "lif1.beta: of neurons that add their input whole (decay_input false), where l1, l2 have" in _told(capsys)


def test_neurons_of_the_file_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One number in the workload, one a neuron in the weights, and the workload's where the file says nothing."""
    leaks = np.linspace(0.2, 0.8, 4, dtype=np.float32)
    state = _of_two(_leaky("l1", beta=leaks, threshold=0.5, reset=1)) | {"l2.w": np.float32(0.0)}
    taken = tmp_path / "taken.yaml"
    assert _import(tmp_path, state, _two(threshold=3.0), "--out-workload", str(taken)) == 0
    network = load_workload(str(taken))
    first, second = (lif.neuron for lif in network.lifs)
    assert isinstance(first, LifNeuron)
    assert isinstance(second, LifNeuron)
    assert (first.tau, first.threshold, first.reset, first.decay_input) == ("weights", 0.5, "hard", False)
    assert (first.fires, first.reset_step, first.reset_order) == ("above", "next", "before_leak")
    assert (second.tau, second.threshold, second.decay_input) == (2.0, 3.0, False)
    weights = load_weights(tmp_path / "w.npz", network)
    np.testing.assert_allclose(1 - 1 / weights["l1.tau"], leaks, rtol=1e-6)
    capsys.readouterr()
    assert _import(tmp_path, state, yaml.safe_load(taken.read_text())) == 0
    assert _told(capsys).count("note") == 1


def test_what_is_in_no_file_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaks = {f"p{number}.w": np.float32(-np.log(4.0)) for number in (1, 2)}
    state = _of_two({"p1.w": leaks["p1.w"]}, {"p2.w": leaks["p2.w"]})
    assert _import(tmp_path, state, _two()) == 0
    assert "p1, p2: a ParametricLIFNode's threshold, reset and decay_input are in no file" in _told(capsys)


@pytest.mark.parametrize(
    ("neuron", "words"),
    [
        (_leaky("lif1", factor=2.0), "lif1.graded_spikes_factor: 2 must be 1: spikes of LIFSim are 0 or 1: multiply"),
        (_leaky("lif1", reset=2), "lif1.reset_mechanism_val: 2 (none) is of neurons that are never reset"),
        (_leaky("lif1", reset=7), "lif1.reset_mechanism_val: 7 must be 0 (subtract), 1 (zero) or 2 (none)"),
        (_leaky("lif1", beta=[0.1, 0.2, 0.3]), "lif1.beta: [3] must fit neurons of [4]"),
        (_leaky("lif1", beta=np.nan), "lif1.beta: must be finite"),
        (_leaky("lif1") | {"lif1.V": np.float32(1)}, "lif1.V: is of recurrent neurons: LIFSim has no recurrent inputs"),
        (_leaky("lif1") | {"lif1.alpha": np.float32(1)}, "lif1.alpha: of snnTorch's Synaptic, where l1 has model lif"),
        ({"lif1.w": np.float32(1.0)}, "lif1.w: 1 (tau 1.36788), where l1 has tau 5"),
        ({"lif1.w": np.float32([1, 2])}, "lif1.w: must be the one number of SpikingJelly's ParametricLIFNode"),
    ],
)  # fmt: skip
def test_neurons_that_do_not_fit(
    neuron: dict[str, Any], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _import(tmp_path, _of_two(neuron, _leaky("lif2")), _two()) == 2
    told = _told(capsys)
    assert told.count(words) == 1
    assert "threshold: must" not in told


def test_states_and_readouts_are_left_out_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What neurons held when they were saved, and neurons where the workload has none."""
    workload = _two()
    del workload["layers"][3]
    state = _of_two(_leaky("lif1") | {"lif1.mem": np.zeros((3, 4), np.float32)}, _leaky("lif2", beta=0.5, reset=2))
    assert _import(tmp_path, state, workload) == 0
    told = _told(capsys)
    assert "lif1: left out mem, the state when it was saved" in told
    assert "lif2: left out, for the workload has no neurons there" in told


def test_neurons_that_do_not_leak_are_integrate_and_fire(tmp_path: Path) -> None:
    workload = _two()
    workload["neuron"] = {"model": "if", "threshold": 1.0}
    assert _import(tmp_path, _of_two(_leaky("lif1", beta=1.0), _leaky("lif2", beta=1.0)), workload) == 0
    assert _import(tmp_path, _of_two(_leaky("lif1", beta=0.999), _leaky("lif2", beta=1.0)), workload) == 2


def test_pruned_weights_are_masked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = _of_two()
    weight = state.pop("fc1.weight")
    mask = (np.random.default_rng(3).random(weight.shape) < 0.5).astype(np.float32)
    pruned = {**state, "fc1.weight_orig": weight, "fc1.weight_mask": mask}
    assert _import(tmp_path, pruned, _two()) == 0
    assert "pruned weights are multiplied by their masks: fc1.weight" in _told(capsys)
    found = load_weights(tmp_path / "w.npz", load_workload(str(tmp_path / "net.yaml")))["fc1.weight"]
    np.testing.assert_array_equal(found, weight * mask)
    assert _import(tmp_path, {**pruned, "fc1.weight_mask": mask / 2}, _two()) == 2
    assert "fc1.weight_mask: must be 0 or 1, of shape [4, 8]" in _told(capsys)
    assert _import(tmp_path, {**state, "fc1.weight_orig": weight}, _two()) == 2
    assert "fc1.weight_orig: must stand beside weight_mask" in _told(capsys)


def test_biases_that_one_has_and_the_other_has_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workload, state = _two(), _of_two()
    workload["layers"][0]["bias"] = False
    del state["fc2.bias"]
    assert _import(tmp_path, state, workload) == 2
    told = _told(capsys)
    assert "fc1.bias: must not be there: fc1 has no bias; say bias: true of it" in told
    assert "fc2.weight: has no bias, and fc2 has one: say bias: false of it" in told
    assert _import(tmp_path, {**_of_two(), "fc2.weight": np.ones((3, 4), np.float32)}, _two()) == 2
    assert "fc2.weight: shape [3, 4] must be [2, 4], as fc2 has it" in _told(capsys)


RESIDUAL = {
    "name": "block",
    "timesteps": 2,
    "input": {"shape": [2, 8, 8]},
    "layers": [
        {"name": "stem", "op": "conv", "out": 4, "kernel": 3, "padding": 1, "batch_norm": True},
        {"name": "lif0", "op": "lif"},
        {"name": "short", "op": "conv", "out": 4, "kernel": 1, "input": "lif0", "batch_norm": True},
        {"name": "a", "op": "conv", "out": 4, "kernel": 3, "padding": 1, "input": "lif0", "batch_norm": True},
        {"name": "lif1", "op": "lif"},
        {"name": "b", "op": "conv", "out": 4, "kernel": 3, "padding": 1, "batch_norm": True},
        {"name": "sum", "op": "add", "inputs": ["b", "short"]},
        {"name": "lif2", "op": "lif"},
    ],
}
"""A block whose shortcut is computed first; PyTorch's models define it last."""


def _block() -> dict[str, Any]:
    """As PyTorch's ResNets list it; the mean of each norm tells whose it is."""
    state: dict[str, Any] = {}
    shapes = {"conv1": (4, 2, 3, 3), "b1.conv1": (4, 4, 3, 3), "b1.conv2": (4, 4, 3, 3), "b1.down.0": (4, 4, 1, 1)}
    norms = {"conv1": "bn1", "b1.conv1": "b1.bn1", "b1.conv2": "b1.bn2", "b1.down.0": "b1.down.1"}
    for index, (name, shape) in enumerate(shapes.items()):
        state[f"{name}.weight"] = np.full(shape, index, np.float32)
        state |= {f"{norms[name]}.{term}": np.full(4, index, np.float32) for term in NORM}
        state[f"{norms[name]}.num_batches_tracked"] = np.int64(7)
    return state


NORM = ("weight", "bias", "running_mean", "running_var")


@pytest.mark.parametrize("wrapped", ["", "module.", "_orig_mod.module."])
@pytest.mark.parametrize("renamed", [False, True])
def test_shapes_and_turns_tell_what_names_do_not(
    wrapped: str, renamed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Norms follow what they normalise, by name or by turn, though the workload has the shortcut first."""
    state = {f"{wrapped}{name}": array for name, array in _block().items()}
    if renamed:
        state = {name.replace("bn", "x").replace("down.1", "y"): array for name, array in state.items()}
    assert _import(tmp_path, state, RESIDUAL) == 0
    weights = load_weights(tmp_path / "w.npz", load_workload(str(tmp_path / "net.yaml")))
    order = {"stem": 0, "a": 1, "b": 2, "short": 3}
    assert {name: weights[f"{name}.weight"].flat[0] for name in order} == order
    assert {name: weights[f"{name}.bn.running_mean"].flat[0] for name in order} == order
    told = _told(capsys)
    assert (
        "matched by shape and turn, not by name: conv1 is stem, b1.conv1 is a, b1.conv2 is b, b1.down.0 is short"
        in told
    )
    assert ("is stem.bn" in told) == renamed


def test_norms_without_gains_have_ones(tmp_path: Path) -> None:
    """affine=False."""
    state = {name: array for name, array in _block().items() if name not in ("bn1.weight", "bn1.bias")}
    assert _import(tmp_path, state, RESIDUAL) == 0
    weights = load_weights(tmp_path / "w.npz", load_workload(str(tmp_path / "net.yaml")))
    assert (weights["stem.bn.weight"] == 1).all()
    assert (weights["stem.bn.bias"] == 0).all()


def test_numbers_are_no_names_of_layers_with_other_numbers(tmp_path: Path) -> None:
    """conv_2 is the second layer, and features.2 the second module: conv_4 is not features.4, the third."""
    workload = {
        "name": "row", "timesteps": 2, "input": {"shape": [4, 8, 8]},
        "layers": [{"name": f"conv_{n}", "op": "conv", "out": 4, "kernel": 3, "padding": 1} for n in range(1, 5)],
    }  # fmt: skip
    state = {f"features.{2 * n}.weight": np.full((4, 4, 3, 3), n, np.float32) for n in range(4)}
    assert _import(tmp_path, state, workload) == 0
    weights = load_weights(tmp_path / "w.npz", load_workload(str(tmp_path / "net.yaml")))
    assert [weights[f"conv_{n}.weight"].flat[0] for n in range(1, 5)] == [0, 1, 2, 3]


def test_files_in_the_order_of_the_alphabet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where names do not tell, nothing is guessed."""
    save_file = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed").save_file
    (tmp_path / "net.yaml").write_bytes(yaml_bytes(RESIDUAL))
    path = tmp_path / "state.safetensors"
    arguments = [
        "import",
        "torch",
        str(path),
        "--workload",
        str(tmp_path / "net.yaml"),
        "--out",
        str(tmp_path / "w.npz"),
    ]
    save_file({name: np.atleast_1d(array) for name, array in _block().items()}, path)
    assert main(arguments) == 2
    told = _told(capsys)
    assert "b1.conv1, b1.conv2 have the same shapes and other names than layers: a .safetensors file has" in told
    named = {"b1.conv1": "a", "b1.conv2": "b", "b1.down.0": "short", "conv1": "stem"}
    norms = {"b1.bn1": "a.bn", "b1.bn2": "b.bn", "b1.down.1": "short.bn", "bn1": "stem.bn"}
    state = {}
    for name, array in _block().items():
        module, _, term = name.rpartition(".")
        state[f"{(named | norms)[module]}.{term}"] = np.atleast_1d(array)
    save_file(state, path)
    assert main(arguments) == 0
    weights = load_weights(tmp_path / "w.npz", load_workload(str(tmp_path / "net.yaml")))
    assert weights["b.bn.running_mean"][0] == 2
    path.write_bytes(path.read_bytes()[:50])
    assert main(arguments) == 2
    assert "it is cut off, damaged, or no .safetensors file" in _told(capsys)


def test_npz_files_are_known_by_what_they_hold(tmp_path: Path) -> None:
    """Whatever they are called."""
    np.savez(tmp_path / "x.npz", **_of_two())
    (tmp_path / "x.npz").rename(tmp_path / "state.dat")
    (tmp_path / "net.yaml").write_bytes(yaml_bytes(_two()))
    arguments = ["--workload", str(tmp_path / "net.yaml"), "--out", str(tmp_path / "w.npz")]
    assert main(["import", "torch", str(tmp_path / "state.dat"), *arguments]) == 0


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.yaml").write_bytes(yaml_bytes(_two()))
    for name, data, words in [
        ("a.pth", b"", "must be a state_dict: torch.save(model.state_dict()"),
        ("a.pth", b"\x80\x02}q\x00.", "is a pickle, as PyTorch wrote before 1.6, which is not read"),
        ("a.pth", b"PK\x03\x04 and no more", "is cut off or damaged"),
        ("a.npz", b"PK\x03\x04 and no more", "must be a whole .npz file"),
    ]:
        (tmp_path / name).write_bytes(data)
        arguments = ["--workload", str(tmp_path / "net.yaml"), "--out", str(tmp_path / "w.npz")]
        assert main(["import", "torch", str(tmp_path / name), *arguments]) == 2
        assert words in _told(capsys)
    assert main(["import", "torch", str(tmp_path / "none.pth"), *arguments]) == 2
    assert "no such file" in _told(capsys)
    assert main(["import", "torch", str(tmp_path / "a.npz"), "--key", "net", *arguments]) == 2
    assert "key: must not be given" in _told(capsys)


def test_a_file_of_more_elements_than_any_network_has_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros take no room in an .npz: 3 MB of them may be 3 GB."""
    np.savez(tmp_path / "state.npz", first=np.zeros((3, 4), bool), second=np.zeros(5, bool))
    monkeypatch.setattr("lifsim.interchange.torch_file.MAX_ELEMENTS", 17)
    assert set(read_state(tmp_path / "state.npz").arrays) == {"first", "second"}
    monkeypatch.setattr("lifsim.interchange.torch_file.MAX_ELEMENTS", 16)
    monkeypatch.setattr(Archive, "whole", lambda *_: pytest.fail("was read"))
    with pytest.raises(InputError, match="17 elements, of all arrays together, must be <= 16"):
        read_state(tmp_path / "state.npz")
