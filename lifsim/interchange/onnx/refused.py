"""Messages for operations that LIFSim's networks do not have, with the way out."""

from __future__ import annotations

from collections.abc import Mapping

_ACTIVATION = "is no ReLU, and spikes cannot stand for what it puts out: train the network with ReLU"
_READOUT = "may only be the network's last operation, which is then left out"
_QUANTISED = "is of a quantised network: export it before it is quantised; bits are the architecture's (precision)"
_RECURRENT = "is recurrent or a loop: LIFSim's networks have no recurrent inputs"
_NORM = "is a norm that LIFSim's networks do not have: train the network with batch norm"
_MOVES = "moves or picks elements, which LIFSim's networks cannot"
_COMPUTED = "computes shapes or constants while it runs: export with fixed sizes, and fold constants (onnxsim does)"

READOUTS = ("Softmax", "LogSoftmax", "Hardmax", "Sigmoid", "ArgMax", "TopK")
"""Operations that are left out behind the last layer, with a note."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    _ACTIVATION: (
        "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Tanh", "Softplus", "Softsign", "HardSigmoid",
        "HardSwish", "Swish", "Gelu", "Mish", "Erf", "Shrink", "Sin", "Exp", "Log", "Sqrt", "Abs", "Neg", "Sign",
    ),
    _READOUT: READOUTS,
    _QUANTISED: (
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger",
        "MatMulInteger",
    ),
    _RECURRENT: ("LSTM", "GRU", "RNN", "Loop", "Scan"),
    _NORM: (
        "LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "LpNormalization",
        "MeanVarianceNormalization", "LRN",
    ),
    _MOVES: (
        "Slice", "Split", "Tile", "Expand", "DepthToSpace", "SpaceToDepth", "GatherElements", "GatherND", "Scatter",
        "ScatterND", "ScatterElements", "RoiAlign", "MaxRoiPool", "Compress", "Einsum",
    ),
    _COMPUTED: ("Shape", "Size", "Gather", "ConstantOfShape", "Range", "Where", "NonZero", "RandomNormal"),
    "joins channels: LIFSim's networks have no concatenation": ("Concat", "ConcatFromSequence"),
    "is a transposed convolution: LIFSim's networks have none": ("ConvTranspose", "DeformConv"),
    "upsamples: LIFSim's networks do not": ("Resize", "Upsample", "GridSample"),
    "decides while it runs: LIFSim's networks are computed whole": ("If",),
    "is attention of two tensors that are computed: write the workload with matmul": ("Attention",),
    "is of a pool that LIFSim's networks do not have": ("LpPool", "GlobalLpPool", "MaxUnpool"),
}  # fmt: skip

_BY_NAME = {name: words for words, names in _WORDS.items() for name in names}


def why_refused(op: str, known: tuple[str, ...]) -> str:
    """Why an operation is refused. known: the operations that are read."""
    if "." in op:
        return "is of another package than ONNX: export without fused or custom operations"
    return _BY_NAME.get(op, f"must be one of {', '.join(known)}")
