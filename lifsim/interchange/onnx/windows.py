"""Windows of convolutions and pools: ONNX pads each side separately and rounds either way; LIFSim pads both sides of
an axis alike and rounds down."""

from __future__ import annotations

from lifsim.interchange.onnx.built import NO_PADS, Signal
from lifsim.interchange.onnx.graph import OnnxNode
from lifsim.lazy_dataclass import dataclass
from lifsim.model.fitting import MisfitError, slide
from lifsim.units import counted

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """The windows over a map: kernel, stride, padding of either side, and their number along each axis."""

    kernel: Pair
    stride: Pair
    padding: Pair
    out: Pair

    @property
    def keys(self) -> dict[str, list[int]]:
        """The keys of a layer in a workload."""
        return {"kernel": list(self.kernel), "stride": list(self.stride), "padding": list(self.padding)}

    def leave_out(self, height: int, width: int) -> bool:
        """Whether windows that lie side by side do not cover such a map."""
        side_by_side = self.kernel == self.stride and self.padding == (0, 0)
        return side_by_side and bool(height % self.kernel[0] or width % self.kernel[1])


def windows_of(node: OnnxNode, x: Signal, kernel: tuple[int, ...]) -> Windows:
    """The windows of a node over the map x; `kernel` has as many axes as x has in the file. Raises ValueError."""
    axes = len(x.dims) - 1
    if axes not in (1, 2):
        raise ValueError(f"must read [C, L] or [C, H, W] of each image, reads {list(x.dims)}")
    if len(kernel) != axes or any(size < 1 for size in kernel):
        raise ValueError(f"kernel_shape {list(kernel)} must have {axes} axes of 1 or more")
    ones = (1,) * axes
    strides, dilations = node.ints("strides", ones), node.ints("dilations", ones)
    if len(strides) != axes or any(step < 1 for step in strides):
        raise ValueError(f"strides {list(strides)} must have {axes} axes of 1 or more")
    if any(step != 1 for step in dilations):
        raise ValueError(f"dilations {list(dilations)} must be 1: LIFSim's windows have no holes")
    begins, ends = _pads(node, x, kernel, strides)
    rounds_up = bool(node.whole("ceil_mode", 0))
    rows = [
        _along(*axis, rounds_up=rounds_up) for axis in zip(x.dims[1:], kernel, strides, begins, ends, strict=True)
    ]  # fmt: skip
    line = (1,) if axes == 1 else ()
    none = (0,) if axes == 1 else ()
    found = (_pair(line + kernel), _pair(line + strides), _pair(none + tuple(rows)))
    height, width = x.shape[1:]
    try:
        return Windows(*found, slide((height, width), *found))
    except MisfitError as misfit:
        raise ValueError("; ".join(f"{key} {message}" for key, message in misfit.faults)) from None


def _pads(
    node: OnnxNode, x: Signal, kernel: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Zeros before and behind each axis: those of the node, and those of a Pad in front of it."""
    axes = len(kernel)
    own = node.ints("pads", (0,) * 2 * axes)
    how = node.text("auto_pad", "NOTSET")
    if len(own) != 2 * axes or any(size < 0 for size in own):
        raise ValueError(f"pads {list(own)} must be {2 * axes} numbers of 0 or more")
    before = x.pads[2 - axes : 2], x.pads[4 - axes :]
    if how in ("NOTSET", ""):
        pads = own[:axes], own[axes:]
    elif how == "VALID":
        pads = (0,) * axes, (0,) * axes
    elif how in ("SAME_UPPER", "SAME_LOWER"):
        padded = [size + a + b for size, a, b in zip(x.dims[1:], *before, strict=True)]
        whole = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(padded, strides, kernel, strict=True)]
        less, more = tuple(size // 2 for size in whole), tuple(size - size // 2 for size in whole)
        pads = (less, more) if how == "SAME_UPPER" else (more, less)
    else:
        raise ValueError(f"auto_pad {how!r} must be NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    return tuple(map(sum, zip(before[0], pads[0], strict=True))), tuple(map(sum, zip(before[1], pads[1], strict=True)))


def _along(size: int, kernel: int, stride: int, begin: int, end: int, *, rounds_up: bool) -> int:
    """The padding of either side with which the same windows see the same elements. Raises ValueError if there is
    none."""
    count = _count(size + begin + end, kernel, stride)
    if rounds_up:
        more = -(-(size + begin + end - kernel) // stride) + 1
        # What would begin in the padding behind is no window.
        more -= (more - 1) * stride >= size + begin
        if more != count:
            raise ValueError(
                f"ceil_mode gives {counted(more, 'window')} of {kernel} over {size}, LIFSim rounds down to {count}: "
                "pad or cut the map in front of it"
            )
    if _count(size + 2 * begin, kernel, stride) != count:
        raise ValueError(
            f"pads {begin} and {end} on the two sides of {size} must be alike, or come to the same windows: LIFSim "
            "pads both sides alike; export it with the paddings of PyTorch"
        )
    return begin


def _count(padded: int, kernel: int, stride: int) -> int:
    return (padded - kernel) // stride + 1 if padded >= kernel else 0


def _pair(numbers: tuple[int, ...]) -> Pair:
    return numbers[0], numbers[1]


def unpadded(x: Signal, node: OnnxNode) -> Signal:
    """x, for a node that cannot take over the zeros of a Pad. Raises ValueError if there are some."""
    if x.pads != NO_PADS:
        raise ValueError(f"must be a Conv: only that takes over the zeros that a Pad puts around what {node.op} reads")
    return x
