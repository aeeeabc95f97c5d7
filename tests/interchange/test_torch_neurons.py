"""Does each w of SpikingJelly's ParametricLIFNodes go to its own layer, beside neurons that no file has?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.interchange.text import yaml_bytes

OTHER = 9.0
"""The workload's time constant of neurons that the file says nothing of."""


def _w(tau: float) -> Any:
    return np.float32(-np.log(tau - 1))


def _row(*neurons: str, layers: tuple[str, ...] = ("fc1", "fc2", "fc3", "fc4")) -> dict[str, Any]:
    """Linear layers with neurons of these names behind them; none where that is empty."""
    nodes: list[dict[str, Any]] = []
    for layer, neuron in zip(layers, neurons, strict=False):
        nodes.append({"name": layer, "op": "linear", "out": 4, "bias": False})
        nodes += [{"name": neuron, "op": "lif"}] if neuron else []
    return {"name": "row", "timesteps": 2, "input": {"shape": [4]}, "neuron": {"tau": OTHER}, "layers": nodes}


def _state(**order: float | None) -> dict[str, Any]:
    """In their order, weights (None) and the w of a tau; `_` before a number."""
    state: dict[str, Any] = {}
    for index, (name, tau) in enumerate(order.items()):
        own = name.lstrip("_").replace("__", ".")
        state |= {f"{own}.weight": np.full((4, 4), index, np.float32)} if tau is None else {f"{own}.w": _w(tau)}
    return state


def _import(tmp_path: Path, state: dict[str, Any], workload: dict[str, Any], *more: str) -> int:
    np.savez(tmp_path / "state.npz", **state)
    (tmp_path / "net.yaml").write_bytes(yaml_bytes(workload))
    arguments = ["--workload", str(tmp_path / "net.yaml"), "--out", str(tmp_path / "w.npz"), "--force", *more]
    return main(["import", "torch", str(tmp_path / "state.npz"), *arguments])


def _taken(tmp_path: Path, state: dict[str, Any], workload: dict[str, Any]) -> dict[str, float]:
    """The tau of every LIF layer in the workload that is written."""
    path = tmp_path / "taken.yaml"
    assert _import(tmp_path, state, workload, "--out-workload", str(path)) == 0
    return {lif.name: round(float(getattr(lif.neuron, "tau")), 4) for lif in load_workload(str(path)).lifs}  # noqa: B009


def _words(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_one_parametric_neuron_is_no_other_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording of Linear, PLIF, Linear, LIF fits its own checkpoint, and only lif_1 is the file's."""
    recorded = _row("lif_1", "lif_3", layers=("linear_0", "linear_2"))
    recorded["layers"][1]["neuron"] = {"tau": 3.0}
    recorded["layers"][3]["neuron"] = {"tau": 1.5}
    state = _state(_0=None, _1=3.0, _2=None)
    assert _import(tmp_path, state, recorded) == 0
    assert "1 is lif_1" in _words(capsys)
    assert _taken(tmp_path, state, recorded) == {"lif_1": 3.0, "lif_3": 1.5}
    assert "the neurons of lif_3 are the workload's" in _words(capsys)
    assert _import(tmp_path, {**state, "1.w": _w(4.0)}, recorded) == 2
    assert "1.w: -1.09861 (tau 4), where lif_1 has tau 3" in _words(capsys)


@pytest.mark.parametrize("reverse", [False, True])
def test_names_of_recordings_tell_whatever_the_order(reverse: bool, tmp_path: Path) -> None:
    """Of modules that begin with numbers, in a file in any order."""
    state = _state(_0__0=None, _0__1=3.0, _1__0=None, _1__2=3.0, _2__0=None)
    for index in range(3):
        state[f"{index}.0.weight"] = np.zeros((4 + index, 3 + index + (index == 0)), np.float32)
    workload = _row("lif_0_1", "lif_1_1", "lif_2_1", layers=("linear_0_0", "linear_1_0", "linear_2_0"))
    workload["layers"][3]["name"] = "lif_1_2"
    for index, out in enumerate((4, 5, 6)):
        workload["layers"][2 * index]["out"] = out
    items = [*state.items()]
    ordered = dict(reversed(items) if reverse else items)
    assert _taken(tmp_path, ordered, workload) == {"lif_0_1": 3.0, "lif_1_2": 3.0, "lif_2_1": OTHER}


@pytest.mark.parametrize(
    ("order", "taus"),
    [
        ({"a": None, "p": 3.0, "b": None, "c": None}, (3.0, OTHER, OTHER)),
        ({"a": None, "b": None, "p": 3.0, "c": None}, (OTHER, 3.0, OTHER)),
        ({"a": None, "b": None, "c": None, "p": 3.0}, (OTHER, OTHER, 3.0)),
        ({"a": None, "p": 3.0, "b": None, "c": None, "q": 3.0}, (3.0, OTHER, 3.0)),
        ({"a": None, "b": None, "p": 3.0, "c": None, "q": 4.0}, (OTHER, 3.0, 4.0)),
        ({"a": None, "p": 3.0, "b": None, "q": 3.0, "c": None, "r": 3.0}, (3.0, 3.0, 3.0)),
        ({"p": 3.0, "q": 3.0, "r": 3.0, "a": None, "b": None, "c": None}, (3.0, 3.0, 3.0)),
        ({"a": None, "b": None, "c": None, "p": 3.0, "q": 4.0, "r": 5.0}, (3.0, 4.0, 5.0)),
    ],
)
def test_order_between_weights(
    order: dict[str, float | None], taus: tuple[float, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Equal ones or not, beside others; and as many as there are layers, wherever they stand."""
    found = _taken(tmp_path, _state(**order), _row("l1", "l2", "l3"))
    assert tuple(found.values()) == taus
    first = next(name for name, tau in order.items() if tau is not None)
    layer = next(name for name, tau in found.items() if tau != OTHER)
    assert f"{first} is {layer}" in _words(capsys)


def test_the_second_layer_is_not_the_module_2(tmp_path: Path) -> None:
    """lif_2 of a workload whose other layers are not called as modules are."""
    state = _state(_0=None, _2=3.0, _3=None, _5=None)
    workload = _row("lif_1", "lif_2", "lif_3", layers=("linear_1", "linear_2", "linear_3"))
    assert _taken(tmp_path, state, workload) == {"lif_1": 3.0, "lif_2": OTHER, "lif_3": OTHER}


def test_neurons_behind_the_last_layer_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal ones, as many as the workload has LIF layers: one of them is none of these."""
    state = _state(a=None, p=3.0, b=None, c=None, q=3.0)
    assert _taken(tmp_path, state, _row("l1", "l2", "")) == {"l1": 3.0, "l2": OTHER}
    assert "q: left out, for the workload has no neurons there" in _words(capsys)


@pytest.mark.parametrize(
    "order",
    [
        {"p": 3.0, "a": None, "b": None, "c": None},
        {"a": None, "b": None, "c": None, "p": 3.0, "q": 3.0},
        {"a": None, "p": 3.0, "q": 4.0, "b": None, "c": None},
    ],
)
def test_what_nothing_tells_is_refused(
    order: dict[str, float | None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The way out that is told is one."""
    state, workload = _state(**order), _row("l1", "l2", "l3")
    taken = tmp_path / "taken.yaml"
    assert _import(tmp_path, state, workload, "--out-workload", str(taken)) == 2
    told = _words(capsys)
    assert (
        "p.w: is of one of l1, l2, l3, and no name nor the order of modules tells of which: call that layer p" in told
    )
    assert not taken.exists()
    named = [name for name, tau in order.items() if tau is not None]
    assert all(f"{name}.w: is of one of" in told for name in named)
    found = _taken(tmp_path, state, _row(*named, *["l3", "l4"][: 3 - len(named)]))
    assert found == {name: order.get(name, OTHER) for name in found}


def test_a_name_that_is_taken_is_not_taken_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two modules behind one layer, one of them called as it."""
    state = _state(a=None, l1=3.0, p=4.0, b=None, c=None)
    assert _import(tmp_path, state, _row("l1", "l2", "l3")) == 2
    assert "p.w: is of one of l2, l3, and" in _words(capsys)


def test_neurons_behind_a_sum_are_those_of_its_layers(tmp_path: Path) -> None:
    """As in ResNets, whose shortcut is computed last and whose neurons are defined before it."""
    conv = {"op": "conv", "out": 2, "kernel": 1}
    workload = {
        "name": "block", "timesteps": 2, "input": {"shape": [2, 4, 4]}, "neuron": {"tau": OTHER},
        "layers": [
            {"name": "stem", **conv}, {"name": "first", "op": "lif"},
            {"name": "body", **conv, "kernel": 3, "padding": 1}, {"name": "short", **conv, "input": "first"},
            {"name": "sum", "op": "add", "inputs": ["body", "short"]}, {"name": "last", "op": "lif"},
        ],
    }  # fmt: skip
    state = {
        "conv1.weight": np.zeros((2, 2, 1, 1), np.float32), "b.conv2.weight": np.zeros((2, 2, 3, 3), np.float32),
        "b.sn2.w": _w(3.0), "b.down.weight": np.zeros((2, 2, 1, 1), np.float32),
    }  # fmt: skip
    assert _taken(tmp_path, state, workload) == {"first": OTHER, "last": 3.0}
