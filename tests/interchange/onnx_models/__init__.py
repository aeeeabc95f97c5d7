"""ONNX models that tests import, made of nodes one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


@dataclass
class Model:
    """A graph as it grows. shape: of the input, its batch as "N" where it is open; weights are whole numbers where
    `whole`, so that sums of them have no rounding."""

    shape: Sequence[int | str | None]
    seed: int = 0
    whole: bool = True
    nodes: list[Any] = field(default_factory=list)
    initializers: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def constant(self, array: Any, name: str = "") -> str:
        """An initializer."""
        own = name or f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), own))
        return own

    def weight(self, *shape: int, name: str = "") -> str:
        """An initializer of random numbers."""
        drawn = self.rng.integers(-2, 4, shape) if self.whole else self.rng.normal(0, 0.3, shape)
        return self.constant(drawn.astype(np.float32), name)

    def add(self, op: str, *inputs: str, name: str = "", outputs: Sequence[str] = (), **attributes: Any) -> str:
        """A node; the name of its first output."""
        out = list(outputs) or [f"t{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, list(inputs), out, name=name or f"n{len(self.nodes)}", **attributes))
        return out[0]

    def conv(self, x: str, channels: int, filters: int, kernel: int, *, bias: bool = False, **attributes: Any) -> str:
        """A convolution."""
        groups = attributes.get("group", 1)
        given = [x, self.weight(filters, channels // groups, kernel, kernel)]
        return self.add("Conv", *given, *([self.weight(filters)] if bias else []), **attributes)

    def norm(self, x: str, channels: int, **attributes: Any) -> str:
        """A batch norm whose arrays are no ones and zeros."""
        terms = [self.rng.uniform(low, high, channels).astype(np.float32)
                 for low, high in ((0.5, 2), (-1, 1), (-1, 1), (0.3, 3))]  # fmt: skip
        return self.add("BatchNormalization", x, *map(self.constant, terms), **attributes)

    def model(self, output: str, *, opset: int = OPSET, **options: Any) -> onnx.ModelProto:
        """The model that puts that tensor out."""
        graph = helper.make_graph(
            self.nodes, "made", [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(self.shape))],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.initializers,
        )  # fmt: skip
        options = {"producer_name": "tests", **options}
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10, **options)


def resnet18(size: int = 224, width: int = 64, *, folded: bool = False, classes: int = 1000) -> onnx.ModelProto:
    """torchvision's layout and names, random weights; batch norms folded into convolutions, as torch.onnx.export does
    by default, or not."""
    made = Model(["N", 3, size, size], whole=False)

    def conv(x: str, name: str, shape: tuple[int, int, int, int], stride: int) -> str:
        weight = made.weight(*shape, name=f"{name}.weight")
        bias = [made.weight(shape[0], name=f"{name}.bias")] if folded else []
        return made.add("Conv", x, weight, *bias, name=f"/{name}/Conv", kernel_shape=list(shape[2:]),
                        strides=[stride] * 2, pads=[shape[2] // 2] * 4)  # fmt: skip

    def normed(x: str, channels: int) -> str:
        return x if folded else made.norm(x, channels)

    x = normed(conv("x", "conv1", (width, 3, 7, 7), 2), width)
    x = made.add("Relu", x, name="/relu/Relu")
    x = made.add("MaxPool", x, name="/maxpool/MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = width
    for stage in range(4):
        filters = width << stage
        for block in range(2):
            path, stride = f"layer{stage + 1}.{block}", 2 if stage and not block else 1
            y = normed(conv(x, f"{path}.conv1", (filters, channels, 3, 3), stride), filters)
            y = made.add("Relu", y, name=f"/layer{stage + 1}/{path}/relu/Relu")
            y = normed(conv(y, f"{path}.conv2", (filters, filters, 3, 3), 1), filters)
            if stride > 1:
                x = normed(conv(x, f"{path}.downsample.0", (filters, channels, 1, 1), 2), filters)
            x = made.add("Add", y, x, name=f"/layer{stage + 1}/{path}/Add")
            x = made.add("Relu", x, name=f"/layer{stage + 1}/{path}/relu_1/Relu")
            channels = filters
    x = made.add("GlobalAveragePool", x, name="/avgpool/GlobalAveragePool")
    x = made.add("Flatten", x, name="/Flatten", axis=1)
    fc = made.weight(classes, channels, name="fc.weight"), made.weight(classes, name="fc.bias")
    return made.model(made.add("Gemm", x, *fc, name="/fc/Gemm", transB=1))
