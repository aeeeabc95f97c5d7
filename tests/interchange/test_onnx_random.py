"""Random small ONNX graphs: imported, they put out what ONNX's reference does; or they are refused with words."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

import lifsim  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.interchange.onnx import api  # noqa: E402
from lifsim.interchange.onnx.file import read_here  # noqa: E402
from lifsim.model.sharing import Sharing  # noqa: E402
from tests.interchange.onnx_models import Model  # noqa: E402
from tests.oracles import onnx_spiking  # noqa: E402
from tests.oracles.onnx_spiking import Neurons  # noqa: E402

T = 3
FITTING = ("block", "block", "block", "residual", "residual", "max_pool", "avg_pool", "scale", "bias", "identity")
ODD = (
    "conv", "norm", "relu", "clip", "add", "pad", "uneven", "flatten", "gemm", "transpose", "leaky", "concat", "valid",
)  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> Any:
    """Up to nine operations, most of which fit on what is there; weights are whole numbers, batch norms are not."""
    made = Model(["N", 2, draw(st.integers(4, 8)), draw(st.integers(4, 8))], seed=draw(st.integers(0, 99)))
    tensors, channels = ["x"], {"x": 2}
    odd_ones = draw(st.sampled_from((0, 0, 1, 5)))
    for _ in range(draw(st.integers(1, 9))):
        odd = draw(st.integers(0, 9)) < odd_ones
        op = draw(st.sampled_from(ODD if odd else FITTING)) if len(tensors) > 1 else "block"
        x = draw(st.sampled_from(tensors[-2:])) if odd else tensors[-1]
        y, channels_out = _extended(draw, made, (op, x, channels[x]), tensors)
        tensors.append(y)
        channels[y] = channels_out
    if draw(st.booleans()):
        x = made.add("Flatten", made.add("GlobalAveragePool", tensors[-1]))
        tensors.append(made.add("Gemm", x, made.weight(channels[tensors[-1]], 3), made.weight(3)))
    return made.model(tensors[-1])


def _extended(draw: st.DrawFn, made: Model, asked: tuple[str, str, int], tensors: list[str]) -> tuple[str, int]:
    """What an operation puts out, and how many channels that has."""
    op, x, width = asked
    kernel, stride = draw(st.sampled_from((1, 3))), draw(st.integers(1, 2))
    around, strides, ones = [kernel // 2] * 4, [stride] * 2, [kernel] * 2
    match op:
        case "block" | "conv" | "valid" | "uneven":
            group = draw(st.sampled_from((1, width)))
            filters = group * draw(st.integers(1, 3 if group == 1 else 1))
            pads = {"valid": [0] * 4, "uneven": [0, 0, 1, 1]}.get(op, around)
            y = made.conv(x, width, filters, kernel, bias=draw(st.booleans()), group=group, pads=pads, strides=strides)
            y = made.norm(y, filters) if draw(st.booleans()) else y
            return (made.add("Relu", y) if op == "block" else y), filters
        case "residual":
            y = made.add("Add", made.conv(x, width, width, kernel, pads=around), x)
            return made.add("Relu", y), width
        case "max_pool":
            return made.add("MaxPool", x, kernel_shape=ones, strides=strides, pads=around), width
        case "avg_pool":
            counted = draw(st.sampled_from((1, 1, 1, 0)))
            return made.add("AveragePool", x, kernel_shape=ones, pads=around, count_include_pad=counted), width
        case "scale" | "bias":
            y = made.conv(x, width, width, 1)
            if op == "scale":
                return made.add("Mul", made.constant(np.float32(draw(st.sampled_from((0.5, 2, -1))))), y), width
            return made.add("Add", y, made.weight(1, width, 1, 1)), width
        case "norm":
            return made.norm(x, width), width
        case "clip":
            return made.add("Clip", x, made.constant(np.float32(0)), made.constant(np.float32(6))), width
        case "add":
            return made.add("Add", x, draw(st.sampled_from(tensors))), width
        case "pad":
            return made.add("Pad", x, made.constant(np.array([0, 0, 1, 0, 0, 0, 1, 0]))), width
        case "gemm":
            return made.add("Gemm", x, made.weight(width, 3)), 3
        case "transpose":
            return made.add("Transpose", x, perm=draw(st.sampled_from(([0, 1, 2, 3], [0, 1, 3, 2])))), width
        case "concat":
            return made.add("Concat", x, x, axis=1), 2 * width
    kinds = {"relu": "Relu", "leaky": "LeakyRelu", "flatten": "Flatten", "identity": "Identity"}
    return made.add(kinds[op], x), width


WORDS = (
    "must", "is no valid ONNX model", "is no ReLU", "joins channels", "not finite", "ceil_mode", "dilations",
)  # fmt: skip


def _close_to_a_threshold(model: Any, x: np.ndarray) -> bool:
    """Whether a little more or less of every threshold changes what comes out: then rounding may, too."""
    less, more = (onnx_spiking.run(model, x, Neurons(threshold=1 + by)) for by in (-1e-4, 1e-4))
    return not np.allclose(less, more, atol=1e-3)


@pytest.mark.slow
def test_random_graphs() -> None:
    """Both kinds are among them: many run, and none is refused without a reason."""
    runs, refusals = list[int](), list[str]()

    @settings(max_examples=80)
    @given(graphs(), st.integers(0, 99))
    def judge(model: Any, seed: int) -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(api, "read_onnx", read_here)
            path = Path(folder) / "random.onnx"
            onnx.save(model, path)
            try:
                found = lifsim.import_onnx(path, T, neurons="if", encoding="event")
                engine = Engine(found.network, Sharing.parse("none"), found.weights)
            except lifsim.InputError as error:
                refusals.append(str(error))
                return
        shape = found.network.nodes[0].output.shape
        x = (np.random.default_rng(seed).random((T, 2, *shape)) < 0.5).astype(np.uint8)
        expected = np.array(onnx_spiking.run(model, x.astype(np.float32), Neurons()))
        got = engine.run(x).outputs.reshape(expected.shape)
        if not np.allclose(got, expected, rtol=1e-3, atol=1e-3) and _close_to_a_threshold(model, x.astype(np.float32)):
            return
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)
        runs.append(len(found.network.nodes))

    judge()
    assert len(runs) > 25
    assert len(refusals) > 5
    assert max(runs) > 6
    assert all(any(word in line for word in WORDS) for text in refusals for line in text.splitlines())
