"""Do ONNX files run in LIFSim's engine as ONNX's own reference runs them, neurons in the place of ReLUs?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

import lifsim  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.interchange.imported_network import ImportedNetwork  # noqa: E402
from lifsim.interchange.onnx import file as onnx_file  # noqa: E402
from lifsim.model.sharing import Sharing  # noqa: E402
from tests.interchange.onnx_models import Model, resnet18  # noqa: E402
from tests.oracles import onnx_spiking  # noqa: E402
from tests.oracles.onnx_spiking import Neurons  # noqa: E402

T = 4
PLAIN = Neurons()


@pytest.fixture(autouse=True)
def _reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for every file takes a second; tests/interchange/test_onnx_files.py has it."""
    monkeypatch.setattr("lifsim.interchange.onnx.api.read_onnx", onnx_file.read_here)


def imported(model: Any, tmp_path: Path, **options: Any) -> ImportedNetwork:
    """What LIFSim makes of a model: spikes at every timestep, neurons without a leak."""
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    return lifsim.import_onnx(path, T, **{"neurons": "if", "encoding": "event", **options})


def outputs(found: ImportedNetwork, x: np.ndarray) -> np.ndarray:
    """Of the engine, for spikes [T, B, ...]; a signal [C, L] has one row."""
    own = x.reshape(*x.shape[:2], *found.network.nodes[0].output.shape)
    return Engine(found.network, Sharing.parse("none"), found.weights).run(own).outputs


def spikes(shape: tuple[int, ...], rate: float = 0.4, seed: int = 0) -> np.ndarray:
    """Two images, T timesteps."""
    return (np.random.default_rng(seed).random((T, 2, *shape)) < rate).astype(np.uint8)


def assert_equal(model: Any, tmp_path: Path, fires: Neurons = PLAIN, **options: Any) -> ImportedNetwork:
    """Whether both put out the same at every timestep."""
    found = imported(model, tmp_path, **options)
    sizes = [axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim][1:]
    x = spikes(tuple(sizes))
    expected = np.array(onnx_spiking.run(model, x.astype(np.float32), fires))
    got = outputs(found, x)
    assert expected.min() < expected.max()
    np.testing.assert_allclose(got, expected.reshape(got.shape), rtol=1e-4, atol=1e-4)
    return found


def ops(found: ImportedNetwork) -> list[str]:
    """Of its layers."""
    return [layer["op"] for layer in found.network.definition["layers"]]


def every_node() -> Any:
    """Groups, biases, norms, a residual, all pools, and both kinds of linear layers."""
    made = Model(["N", 2, 8, 6])
    x = made.add("Relu", made.norm(made.conv("x", 2, 4, 3, group=2, pads=[1] * 4, bias=True), 4, epsilon=1e-3))
    y = made.add("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 1])
    y = made.add("Clip", made.conv(y, 4, 6, 3, strides=[2, 1], auto_pad="VALID"), made.constant(np.float32(0)), "")
    y = made.add("AveragePool", y, kernel_shape=[1, 2], strides=[1, 1])
    z = made.add("Relu", made.conv(y, 6, 6, 1))
    y = made.add("Sum", z, made.conv(z, 6, 6, 1), y)
    y = made.add("Relu", y)
    y = made.add("Reshape", y, made.constant(np.array([0, -1])))
    y = made.add("Relu", made.add("Add", made.add("MatMul", y, made.weight(24, 9)), made.weight(9)))
    y = made.add("Gemm", made.add("Dropout", y), made.weight(5, 9), made.weight(5), transB=1, alpha=0.5, beta=2.0)
    return made.model(y)


@pytest.mark.parametrize(
    ("options", "neurons"),
    [
        ({}, Neurons()),
        ({"threshold": 3.0, "reset": "hard"}, Neurons(threshold=3.0, hard=True)),
        ({"neurons": "lif", "tau": 2.0, "threshold": 0.5}, Neurons(2.0, 0.5)),
    ],
)
def test_every_node(options: dict[str, Any], neurons: Neurons, tmp_path: Path) -> None:
    found = assert_equal(every_node(), tmp_path, neurons, **options)
    assert ops(found) == [
        "conv", "lif", "max_pool", "conv", "lif", "avg_pool", "conv", "lif", "conv", "add", "lif", "linear", "lif",
        "linear",
    ]  # fmt: skip


def test_a_norm_before_neurons_is_not_that_of_the_convolution_before_its_pool(tmp_path: Path) -> None:
    """A pool between both, or a second reader of the convolution: a norm of its own, exact, and told."""
    made = Model(["N", 2, 6, 6])
    y = made.conv("x", 2, 4, 3)
    z = made.add("Relu", made.norm(y, 4))
    y = made.add("Add", z, y)
    y = made.norm(made.add("AveragePool", y, kernel_shape=[2, 2], strides=[2, 2]), 4)
    found = assert_equal(made.model(made.add("GlobalAveragePool", made.add("Relu", y))), tmp_path)
    depthwise = [layer["name"] for layer in found.network.definition["layers"] if layer.get("depthwise")]
    assert len(depthwise) == 2
    assert sum("whose cycles and weights are counted (and 1 more)" in note for note in found.notes) == 1


@pytest.mark.parametrize("epsilon", [0.0, 1e-8, 1e-5, 1e-3, 0.5])
def test_norms_of_any_epsilon(epsilon: float, tmp_path: Path) -> None:
    made = Model(["N", 2, 4, 4])
    y = made.conv("x", 2, 3, 3)
    terms = [made.constant(np.array(one, np.float32)) for one in ([1, 2, 0.5], [0.3, 0, -0.2], [1, 0, 2], [1e-6, 1, 3])]
    y = made.add("BatchNormalization", y, *terms, epsilon=epsilon)
    y = made.norm(y, 3)
    found = assert_equal(made.model(made.add("Flatten", y)), tmp_path)
    assert ops(found) == ["conv"]


def test_constants_behind_weights_go_into_them(tmp_path: Path) -> None:
    made = Model(["N", 2, 4, 4])
    y = made.conv("x", 2, 3, 3)
    y = made.add("Mul", made.constant(np.array([2, 1, 0.5], np.float32).reshape(1, 3, 1, 1)), y)
    y = made.add("Add", y, made.constant(np.array([1, 0, -1], np.float32).reshape(3, 1, 1)))
    y = made.norm(y, 3)
    y = made.add("Sub", y, made.constant(np.float32(0.25)))
    y = made.add("Relu", made.add("Div", y, made.constant(np.float32(2))))
    y = made.add("Add", made.add("Flatten", y), made.constant(np.zeros(12, np.float32)))
    y = made.add("Mul", made.add("MatMul", y, made.weight(12, 3)), made.constant(np.float32(-1.5)))
    assert ops(assert_equal(made.model(y), tmp_path)) == ["conv", "lif", "linear"]


@pytest.mark.parametrize("turned", [0, 1])
def test_square_matrices_are_turned_as_the_file_says(turned: int, tmp_path: Path) -> None:
    made = Model(["N", 6])
    y = made.add("Relu", made.add("Gemm", "x", made.weight(6, 6), transB=turned))
    assert_equal(made.model(made.add("MatMul", y, made.weight(6, 6))), tmp_path)


def test_constants_that_a_file_computes(tmp_path: Path) -> None:
    """A transposed matrix, weights under another name, a bias of one Constant."""
    made = Model(["N", 12])
    weight = made.add("Identity", made.add("Transpose", made.weight(5, 12), perm=[1, 0]))
    y = made.add("MatMul", "x", weight)
    value = onnx.numpy_helper.from_array(np.arange(5, dtype=np.float32))
    y = made.add("Relu", made.add("Add", made.add("Constant", value=value), y))
    w = made.add("Cast", made.constant(np.arange(-4, 6, dtype=np.float16).reshape(5, 2)), to=1)
    assert_equal(made.model(made.add("Gemm", y, w)), tmp_path)


def test_signals_of_one_axis(tmp_path: Path) -> None:
    """[C, L], unsqueezed to a map of one row and back."""
    made = Model(["N", 3, 20])
    y = made.add("Relu", made.add("Conv", "x", made.weight(4, 3, 5), strides=[2], pads=[2, 2]))
    y = made.add("MaxPool", made.norm(made.add("Conv", y, made.weight(4, 4, 1)), 4), kernel_shape=[2], strides=[2])
    y = made.add("Unsqueeze", made.add("Relu", y), made.constant(np.array([2])))
    y = made.add("Squeeze", made.add("Conv", y, made.weight(4, 4, 1, 1)), made.constant(np.array([2])))
    y = made.add("ReduceMean", made.add("Relu", y), axes=[-1], keepdims=0)
    found = assert_equal(made.model(made.add("Gemm", y, made.weight(4, 3))), tmp_path)
    assert found.network.nodes[0].output.shape == (3, 1, 20)
    assert found.network.layers[0].kernel == (1, 5)


@pytest.mark.parametrize("opset", [7, 9, 12, 13, 17, 18, 21])
def test_operations_of_every_version(opset: int, tmp_path: Path) -> None:
    """Axes and bounds are attributes in old ones, inputs in new ones."""
    made = Model(["N", 2, 6, 6])
    pads = [0, 0, 1, 1, 0, 0, 1, 1]
    if opset < 11:
        y = made.add("Pad", "x", pads=pads)
        y = made.add("Clip", made.conv(y, 2, 4, 3), min=0.0, max=6.0)
    else:
        y = made.add("Pad", "x", made.constant(np.array(pads)))
        y = made.conv(y, 2, 4, 3)
        y = made.add("Clip", y, made.constant(np.float32(0)), made.constant(np.float32(6)))
    y = made.add("Dropout", y)
    axes = {} if opset >= 18 else {"axes": [2, 3]}
    y = made.add("ReduceMean", y, *([made.constant(np.array([2, 3]))] if opset >= 18 else []), keepdims=1, **axes)
    flat = made.add("Squeeze", y, made.constant(np.array([3, 2]))) if opset >= 13 else made.add("Flatten", y)
    model = made.model(made.add("Gemm", flat, made.weight(4, 3), made.weight(3)), opset=opset)
    found = assert_equal(model, tmp_path)
    assert any(f"opset {opset}:" in note for note in found.notes)
    assert any("its upper end is left out" in note for note in found.notes)
    assert found.network.layers[0].padding == (1, 1)


@pytest.mark.parametrize(
    ("size", "attributes", "padding"),
    [
        (7, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 1),  # 1 and 1
        (8, {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, 1),  # 1 and 0: the same windows as 1 and 1
        (8, {"auto_pad": "VALID", "strides": [2, 2]}, 0),
        (8, {"pads": [1, 1, 0, 0], "strides": [2, 2]}, 1),
        (9, {"pads": [0, 0, 1, 1], "strides": [3, 3]}, 0),  # no window reaches what is behind
        (6, {"auto_pad": "NOTSET", "pads": [2, 2, 2, 2]}, 2),
    ],
)
def test_paddings(size: int, attributes: dict[str, Any], padding: int, tmp_path: Path) -> None:
    made = Model(["N", 2, size, size])
    found = assert_equal(made.model(made.add("Relu", made.conv("x", 2, 3, 3, **attributes))), tmp_path)
    assert found.network.layers[0].padding == (padding, padding)


def test_zeros_around_spikes_may_be_pooled(tmp_path: Path) -> None:
    made = Model(["N", 2, 6, 6])
    y = made.add("Relu", made.conv("x", 2, 3, 3, pads=[1] * 4))
    y = made.add("Pad", y, made.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    y = made.add("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2])
    y = made.add("AveragePool", y, kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    assert_equal(made.model(made.conv(y, 3, 2, 1)), tmp_path)


def test_flattening_is_nothing_for_neurons_either(tmp_path: Path) -> None:
    made = Model(["N", 2, 4, 4])
    y = made.add("Relu", made.add("Flatten", made.conv("x", 2, 3, 3)))
    y = made.add("Reshape", y, made.constant(np.array([-1, 3, 2, 2])))
    y = made.add("Transpose", made.conv(y, 3, 4, 2), perm=[0, 1, 3, 2])
    y = made.add("Softmax", made.add("Reshape", y, made.constant(np.array([-1, 4]))))
    model = made.model(y)
    found = imported(model, tmp_path)
    assert ops(found) == ["conv", "lif", "conv"]
    assert any("Softmax reads out" in note for note in found.notes)
    del model.graph.node[-1]
    model.graph.output[0].name = model.graph.node[-1].output[0]
    assert_equal(model, tmp_path)


def test_kernels_that_a_file_keeps_in_another_order(tmp_path: Path) -> None:
    """[R, S, C, M], as TensorFlow has them."""
    made = Model(["N", 2, 5, 5])
    kernel = made.add("Transpose", made.weight(3, 2, 2, 4), perm=[3, 2, 0, 1])
    assert_equal(made.model(made.add("Relu", made.add("Conv", "x", kernel))), tmp_path)


def test_shapes_that_a_file_computes(tmp_path: Path) -> None:
    """x.view(x.size(0), -1), as PyTorch's older exporter writes it."""
    made = Model(["N", 2, 4, 4])
    x = made.add("Relu", made.conv("x", 2, 3, 3))
    size = made.add("Gather", made.add("Shape", x), made.constant(np.array(0)), axis=0)
    size = made.add("Unsqueeze", size, made.constant(np.array([0])))
    shape = made.add("Concat", size, made.constant(np.array([-1])), axis=0)
    y = made.add("Gemm", made.add("Reshape", x, shape), made.weight(12, 3))
    found = assert_equal(made.model(y), tmp_path)
    assert any("4 nodes are left out: shapes" in note for note in found.notes)


def test_a_relu_of_spikes_is_nothing(tmp_path: Path) -> None:
    made = Model(["N", 2, 4, 4])
    y = made.add("Relu", made.add("MaxPool", made.add("Relu", made.conv("x", 2, 3, 3)), kernel_shape=[2, 2]))
    found = imported(made.model(made.conv(y, 3, 2, 1)), tmp_path)
    assert ops(found) == ["conv", "lif", "max_pool", "conv"]
    assert any("is never negative: left out" in note for note in found.notes)


def test_what_no_output_depends_on_is_left_out(tmp_path: Path) -> None:
    made = Model(["N", 2, 4, 4])
    y = made.conv("x", 2, 3, 3)
    made.add("Tanh", y)
    found = imported(made.model(made.add("Relu", y)), tmp_path)
    assert ops(found) == ["conv", "lif"]
    assert any("1 node is left out" in note for note in found.notes)


def test_names(tmp_path: Path) -> None:
    """Those of modules, as exporters of PyTorch have them in weights and paths."""
    made = Model(["N", 2, 4, 4])
    y = made.add("Conv", "x", made.weight(3, 2, 3, 3, name="features.0.weight"), name="/features/features.0/Conv")
    y = made.add("Relu", y, name="/features/features.1/Relu")
    y = made.add("Conv", y, made.weight(3, 3, 1, 1, name="onnx::Conv_17"), name="/block/block.conv/Conv")
    y = made.add("Relu", y, name="/block/relu_1/Relu_1")
    y = made.add("Relu", made.conv(y, 3, 3, 1), name="4 x")
    y = made.add("Relu", made.conv(y, 3, 3, 1), name="node_relu_3")
    found = imported(made.model(y), tmp_path)
    names = [layer["name"] for layer in found.network.definition["layers"]]
    assert names == ["features_0", "features_1", "block_conv", "block_relu_1", "n4", "lif_4_x", "n6", "relu_3"]


@pytest.mark.parametrize("folded", [False, True])
def test_resnet18(folded: bool, tmp_path: Path) -> None:
    """Of torchvision: every layer's shape and MACs, counted here by hand, 1.814 GMACs in all."""
    found = imported(resnet18(folded=folded), tmp_path, neurons="lif", encoding="direct")
    expected, size, channels = {"conv1": ((64, 112, 112), 112 * 112 * 64 * 3 * 49)}, 56, 64
    for stage in range(1, 5):
        filters = 32 << stage
        size = size if stage == 1 else size // 2
        pixels = size * size
        for block in range(2):
            first = channels if block == 0 else filters
            path = f"layer{stage}_{block}"
            expected[f"{path}_conv1"] = ((filters, size, size), pixels * filters * first * 9)
            expected[f"{path}_conv2"] = ((filters, size, size), pixels * filters * filters * 9)
            if block == 0 and stage > 1:
                expected[f"{path}_downsample_0"] = ((filters, size, size), pixels * filters * first)
        channels = filters
    expected["fc"] = ((1000, 1, 1), 512 * 1000)
    layers = found.network.layers
    assert {layer.name: (layer.out_shape, layer.macs_per_round) for layer in layers} == expected
    total = sum(layer.macs_per_round for layer in layers)
    assert total == 1_814_073_344
    assert [layer.rounds for layer in layers] == [1] + [T] * 20
    weights = sum(array.size for name, array in found.weights.items() if "bn." not in name)
    biases = 1000 + (sum(layer.filters for layer in layers[:-1]) if folded else 0)
    assert weights - biases == sum(layer.weights for layer in layers) == 11_678_912
    assert len(found.network.lifs) == 17
    assert found.network.node("layer2_0_Add").inputs == ("layer2_0_conv2", "layer2_0_downsample_0")


@pytest.mark.parametrize("folded", [False, True])
def test_resnet18_puts_out_what_onnx_does(folded: bool, tmp_path: Path) -> None:
    """Narrower and on a small image, spikes given, over all timesteps and through every layer."""
    model = resnet18(32, 4, folded=folded, classes=7)
    found = imported(model, tmp_path, threshold=0.5)
    x = spikes((3, 32, 32))
    expected = np.array(onnx_spiking.run(model, x.astype(np.float32), Neurons(threshold=0.5)))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(outputs(found, x), expected, rtol=1e-4, atol=1e-4)
