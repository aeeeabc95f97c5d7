"""A small residual network with random weights, as an exporter would write it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
nodes, weights = [], []


def op(kind, *inputs, **attributes):
    """A node; the name of what it puts out."""
    nodes.append(helper.make_node(kind, inputs, [f"{kind}_{len(nodes)}"], **attributes))
    return nodes[-1].output[0]


def weight(name, *shape):
    """Random, small enough for sums of about 1."""
    array = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape).astype(np.float32)
    weights.append(numpy_helper.from_array(array, name))
    return name


def conv(x, name, filters, channels, stride=1):
    """3 x 3, and its ReLU."""
    x = op("Conv", x, weight(f"{name}.weight", filters, channels, 3, 3), pads=[1] * 4, strides=[stride] * 2)
    return op("Relu", x)


x = conv("image", "stem", 16, 3)
y = conv(x, "block1.conv1", 16, 16)
y = op("Conv", y, weight("block1.conv2.weight", 16, 16, 3, 3), pads=[1] * 4)
x = op("Relu", op("Add", y, x))
x = conv(x, "block2.conv1", 32, 16, stride=2)
x = op("Flatten", op("GlobalAveragePool", x))
x = op("Gemm", x, weight("fc.weight", 10, 32), transB=1)

image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])
classes = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", 10])
graph = helper.make_graph(nodes, "residual", [image], [classes], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
Path("results").mkdir(exist_ok=True)
onnx.save(model, "results/residual.onnx")
