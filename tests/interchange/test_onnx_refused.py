"""Is what LIFSim's networks do not have refused by name, with the reason, all of it at once?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

import lifsim  # noqa: E402
from lifsim.interchange.onnx import file as onnx_file  # noqa: E402
from tests.interchange.onnx_models import Model  # noqa: E402


@pytest.fixture(autouse=True)
def _reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for every file takes a second."""
    monkeypatch.setattr("lifsim.interchange.onnx.api.read_onnx", onnx_file.read_here)


def told(model: Any, tmp_path: Path, **options: Any) -> str:
    """What a refusal says."""
    path = tmp_path / "bad.onnx"
    onnx.save(model, path)
    with pytest.raises(lifsim.InputError) as refused:
        lifsim.import_onnx(path, 4, **options)
    return str(refused.value)


def array(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


Extend = Callable[[Model, str], str]
"""What stands behind a convolution of 4 x 6 x 6 and its ReLU."""

BEHIND: dict[str, tuple[Extend, str]] = {
    "leaky": (lambda m, x: m.add("LeakyRelu", x), "LeakyRelu is no ReLU"),
    "gelu": (lambda m, x: m.add("Tanh", x), "Tanh is no ReLU"),
    "sigmoid": (lambda m, x: m.conv(m.add("Sigmoid", x), 4, 2, 1), "Sigmoid may only be the network's last operation"),
    "clip": (lambda m, x: m.add("Clip", x, m.constant(np.float32(-1))), "Clip from -1 to inf must be from 0 to more"),
    "hard tanh": (
        lambda m, x: m.add("Clip", x, m.constant(np.float32(-1)), m.constant(np.float32(1))), "from -1 to 1 must be",
    ),
    "concat": (lambda m, x: m.add("Concat", x, x, axis=1), "Concat joins channels"),
    "transposed": (lambda m, x: m.add("ConvTranspose", x, m.weight(4, 2, 3, 3)), "is a transposed convolution"),
    "resize": (
        lambda m, x: m.add("Resize", x, "", m.constant(array(1, 1, 2, 2))), "Resize upsamples",
    ),
    "dilated": (lambda m, x: m.conv(x, 4, 2, 3, dilations=[2, 2]), "dilations [2, 2] must be 1"),
    "asymmetric": (
        lambda m, x: m.conv(x, 4, 2, 3, pads=[0, 0, 1, 1]), "pads 0 and 1 on the two sides of 6 must be alike",
    ),
    "same": (
        lambda m, x: m.conv(x, 4, 2, 3, strides=[2, 2], auto_pad="SAME_UPPER"), "pads 0 and 1 on the two sides of 6",
    ),
    "too large": (lambda m, x: m.conv(x, 4, 2, 7), "must fit into the padded map [6, 6]"),
    "computed weights": (lambda m, x: m.add("Conv", x, x), "must be a constant"),
    "computed matrix": (
        lambda m, x: m.add("MatMul", m.add("Flatten", x), m.add("Flatten", x)), "MatMul of two tensors",
    ),
    "tokens": (lambda m, x: m.add("MatMul", x, m.weight(6, 3)), "must read 6 features of each image, reads [4, 6, 6]"),
    "turned matrix": (
        lambda m, x: m.add("Gemm", m.add("Flatten", x), m.weight(1, 3), transA=1), "transA must be 0",
    ),
    "ceil": (
        lambda m, x: m.add("MaxPool", x, kernel_shape=[2, 2], strides=[3, 3], ceil_mode=1), None,
    ),
    "ceil more": (
        lambda m, x: m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), "ceil_mode gives 3 windows",
    ),
    "without padding": (
        lambda m, x: m.add("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4), "count_include_pad must be 1",
    ),
    "indices": (
        lambda m, x: m.add("Add", *_indexed(m, x)), "must put out no indices",
    ),
    "one axis": (lambda m, x: m.add("ReduceMean", x, axes=[1]), "axes [1] must be all those of the pixels, [2, 3]"),
    "order": (lambda m, x: m.add("Transpose", x, perm=[0, 2, 3, 1]), "must leave the order of elements as it is"),
    "part": (
        lambda m, x: m.add("Reshape", x, m.constant(np.array([-1, 2, 72]))), "must flatten it, or leave it as it is",
    ),
    "batch": (lambda m, x: m.add("Reshape", x, m.constant(np.array([-1, 36]))), "must leave the first axis, the batch"),
    "broadcast": (lambda m, x: m.add("Add", x, m.conv(x, 4, 1, 1)), "must add tensors of one shape"),
    "gate": (lambda m, x: m.add("Mul", x, x), "must not multiply two tensors that are computed"),
    "scaled spikes": (
        lambda m, x: m.add("Mul", x, m.constant(array(2))), "must stand directly behind a layer of weights",
    ),
    "scaled pixels": (
        lambda m, x: m.add("Mul", m.conv(x, 4, 2, 1), m.weight(2, 6, 6)), "one number a channel",
    ),
    "by zero": (lambda m, x: m.add("Div", m.conv(x, 4, 2, 1), m.constant(array(0))), "must not divide by 0"),
    "divided": (lambda m, x: m.add("Div", m.constant(array(1)), m.conv(x, 4, 2, 1)), "must have a constant second"),
    "padded": (
        lambda m, x: m.add("Relu", m.add("Pad", m.conv(x, 4, 2, 1), m.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))),
        "zeros that a Pad puts around what Relu reads",
    ),
    "padded pool": (
        lambda m, x: m.add(
            "MaxPool", m.add("Pad", m.conv(x, 4, 2, 1), m.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))),
            kernel_shape=[2, 2],
        ),
        "zeros that a Pad puts around what MaxPool reads",
    ),
    "padded channels": (
        lambda m, x: m.conv(m.add("Pad", x, m.constant(np.array([0, 1, 0, 0, 0, 1, 0, 0]))), 6, 2, 1),
        "must pad neither the batch nor channels",
    ),
    "reflected": (
        lambda m, x: m.conv(m.add("Pad", x, m.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])), mode="reflect"), 4, 2, 3),
        "must pad with zeros",
    ),
    "quantised": (
        lambda m, x: m.add("QuantizeLinear", x, m.constant(np.float32(0.1)), m.constant(np.uint8(0))),
        "QuantizeLinear is of a quantised network",
    ),
    "norm": (lambda m, x: m.add("LayerNormalization", x, m.weight(6)), "is a norm that LIFSim's networks do not have"),
    "negative": (
        lambda m, x: m.add("BatchNormalization", x, *(m.constant(array(1, 1, 1, one)) for one in (1, 1, 1, -1))),
        "var and epsilon must be >= 0",
    ),
    "flat norm": (
        lambda m, x: m.norm(m.add("Flatten", x), 144), "must stand directly behind a layer of weights",
    ),
    "second relu": (
        lambda m, x: m.add("Add", *(m.add("Relu", y) for y in [m.conv(x, 4, 4, 1)] * 2)),
        "one weight layer drives one LIF layer",
    ),
    "not finite": (lambda m, x: m.add("Conv", x, m.constant(np.full((2, 4, 1, 1), np.nan, np.float32))), "not finite"),
    "image": (lambda m, _: m.add("Add", m.add("Relu", "x"), "x"), "must stand behind a layer"),
    "whole numbers": (lambda m, x: m.add("Cast", x, to=6), "must be to floats"),
    "expanded": (
        lambda m, x: m.add("Expand", x, m.constant(np.array([1, 4, 6, 6]))), "Expand moves or picks elements",
    ),
    "shapes": (lambda m, x: m.add("Mul", m.add("Cast", m.add("Shape", x), to=1), m.constant(array(1))),
               "Shape computes shapes or constants while it runs"),
}  # fmt: skip


def _indexed(made: Model, x: str) -> tuple[str, str]:
    first = made.add("MaxPool", x, kernel_shape=[1, 1], strides=[2, 2], outputs=["p", "i"])
    return first, made.add("Cast", "i", to=1)


@pytest.mark.parametrize("name", BEHIND)
def test_operations_and_their_limits(name: str, tmp_path: Path) -> None:
    """None: it is one that LIFSim has."""
    extend, words = BEHIND[name]
    made = Model(["N", 2, 6, 6])
    output = extend(made, made.add("Relu", made.conv("x", 2, 4, 3, pads=[1] * 4)))
    if words is not None:
        assert words in told(made.model(output), tmp_path)
        return
    onnx.save(made.model(output), tmp_path / "good.onnx")
    lifsim.import_onnx(tmp_path / "good.onnx", 4)


def test_all_operations_are_told_at_once(tmp_path: Path) -> None:
    made = Model(["N", 2, 6, 6])
    x = made.add("LeakyRelu", made.conv("x", 2, 4, 3), name="first")
    x = made.add("LRN", made.add("LeakyRelu", x), size=3, name="norm")
    said = told(made.model(made.add("Softmax", made.add("Concat", x, x, axis=1, name="join"))), tmp_path)
    assert [line.split()[1] for line in said.splitlines()] == ["first:", "norm:", "join:"]
    assert "LeakyRelu (and 1 more)" in said


def test_all_faults_are_told_at_once_and_what_hangs_on_them_is_not_blamed(tmp_path: Path) -> None:
    made = Model(["N", 2, 6, 6])
    x = made.conv("x", 2, 4, 3, dilations=[2, 2], name="first")
    y = made.add("Transpose", "x", name="second")
    z = made.add("Add", made.add("Relu", x), made.conv(y, 6, 4, 3), name="sum")
    said = told(made.model(z), tmp_path)
    assert [line.split()[1] for line in said.splitlines()] == ["first:", "second:"]


def test_inputs_and_outputs(tmp_path: Path) -> None:
    made = Model(["N", 2, "H", "W"])
    assert "[?, 2, ?, ?] must have a batch, and behind it fixed sizes" in told(
        made.model(made.conv("x", 2, 3, 3)), tmp_path
    )
    made = Model([2, 2, 2, 2, 2])
    assert "[2, 2, 2, 2] of one image must be" in told(made.model(made.add("Relu", "x")), tmp_path)
    made = Model(["N", 2, 6, 6])
    model = made.model(made.conv("x", 2, 3, 3))
    model.graph.input.append(onnx.helper.make_tensor_value_info("mask", 1, [1]))
    assert "must have one input, has 2: x, mask" in told(model, tmp_path)
    del model.graph.input[:]
    model.graph.node[0].input[0] = model.graph.node[0].input[1]
    assert "must have one input, has 0" in told(model, tmp_path)
    made = Model(["N", 2, 6, 6])
    x = made.conv("x", 2, 3, 3)
    model = made.model(made.add("Relu", x))
    model.graph.output.append(onnx.helper.make_tensor_value_info(x, 1, None))
    assert "must have one output, has 2" in told(model, tmp_path)
    made = Model(["N", 2, 6, 6])
    assert "must not pad what the network puts out" in told(
        made.model(made.add("Pad", made.conv("x", 2, 3, 3), made.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))),
        tmp_path,
    )
    made = Model(["N", 4])
    assert "must compute something" in told(made.model(made.add("Softmax", "x")), tmp_path)


@pytest.mark.parametrize("size", [0, -1, None, "batch"])
def test_a_batch_is_open_in_all_ways_that_exporters_have(size: Any, tmp_path: Path) -> None:
    made = Model([size, 2, 6, 6])
    x = made.add("Reshape", made.add("Relu", made.conv("x", 2, 3, 3)), made.constant(np.array([-1, 48])))
    onnx.save(made.model(made.add("Gemm", x, made.weight(48, 2))), tmp_path / "open.onnx")
    found = lifsim.import_onnx(tmp_path / "open.onnx", 4)
    assert not any("its batch" in note for note in found.notes)
    assert found.network.nodes[-1].output.shape == (2,)
    made = Model([size, 2, size, 6])
    shown = size if isinstance(size, int) else "?"
    assert f"[{shown}, 2, {shown}, 6] must have a batch" in told(made.model(made.add("Relu", "x")), tmp_path)


def test_a_batch_that_the_file_fixes_is_told(tmp_path: Path) -> None:
    made = Model([8, 2, 6, 6])
    x = made.add("Reshape", made.add("Relu", made.conv("x", 2, 3, 3)), made.constant(np.array([8, 48])))
    onnx.save(made.model(made.add("Gemm", x, made.weight(48, 2))), tmp_path / "fixed.onnx")
    notes = lifsim.import_onnx(tmp_path / "fixed.onnx", 4).notes
    assert any("its batch of 8 is not part of the network" in note for note in notes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"neurons": "izhikevich"}, "neurons: 'izhikevich' must be one of"),
        ({"neurons": "if", "tau": 2.0}, "tau: is nothing that neurons of the model if have"),
        ({"tau": 0.5}, "tau: 0.5 must be > 1"),
        ({"threshold": -1.0}, "threshold: -1.0 must be > 0"),
        ({"reset": "sometimes"}, "reset: "),
        ({"encoding": "latency"}, "encoding: 'latency' must be one of direct, rate, event"),
    ],
)
def test_what_the_file_does_not_say(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    made = Model(["N", 2, 6, 6])
    assert words in told(made.model(made.add("Relu", made.conv("x", 2, 3, 3))), tmp_path, **options)


def test_timesteps(tmp_path: Path) -> None:
    for wrong in (0, 2000, 1.5, True):
        with pytest.raises(lifsim.InputError, match=r"timesteps: .* must be a whole number from 1 to 1024"):
            lifsim.import_onnx(tmp_path / "x.onnx", wrong)  # type: ignore[arg-type]
