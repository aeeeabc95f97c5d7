"""Convolution, of any number of groups; a 1-D one has kernels [1, S]."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from lifsim.config.operation import Channels, PaddingOrSame, Positive, WeightOperation
from lifsim.layers.protocol import LAYERS, LayerKind
from lifsim.layers.weighted import Weighted
from lifsim.lazy_dataclass import dataclass
from lifsim.model.fitting import MAX_WEIGHTS, MisfitError, map_of, slide
from lifsim.model.network import Tensor
from lifsim.model.product import Window
from lifsim.model.schema import Broken, Flag, UnknownKeyError, known, rule


@dataclass(frozen=True)
class Conv(Weighted):
    """Convolution, weights [M, C/groups, R, S]; `batch_norm` folds a norm of M channels behind it."""

    in_shape: tuple[int, int, int]  # (C, H, W)
    kernel: tuple[int, int]  # (R, S)
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int

    kind = "conv"

    @property
    def window(self) -> Window:
        """Over its input."""
        filters, height, width = self.output.shape
        return Window(self.in_shape, (filters, height, width), self.kernel, self.stride, self.padding, self.groups)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """[M, C/groups, R, S]"""
        return self.output.shape[0], self.in_shape[0] // self.groups, *self.kernel


class ConvKeys(WeightOperation):
    """Convolution. kernel [R, S] (1-D: [1, S]); `same` keeps ceil(H/stride) rows; depthwise: groups = channels."""

    op: Literal["conv"]
    out: Channels | None = None
    kernel: Positive
    stride: Positive = (1, 1)
    padding: PaddingOrSame = (0, 0)
    groups: Channels | None = None
    depthwise: Flag = False

    @rule
    def depthwise_sets_the_groups(self) -> Broken:
        """So that nobody else does."""
        if self.depthwise and self.groups is not None:
            yield "groups", "must not be given with depthwise, which sets it to the channels"

    @rule
    def has_filters(self) -> Broken:
        """As many as are asked for."""
        if self.out is None and not self.depthwise:
            yield "out", "must be given: only a depthwise convolution keeps the channels that it reads"

    @rule
    def groups_divide_the_filters(self) -> Broken:
        """Each has as many."""
        if self.out is not None and self.out % (self.groups or 1):
            yield "groups", f"{self.groups} must divide the {self.out} output channels"

    @rule
    def same_goes_with_odd_kernels(self) -> Broken:
        """Else there is no middle."""
        if self.padding == "same" and not all(size % 2 for size in self.kernel):
            yield "padding", f"'same' must go with odd kernels, not {list(self.kernel)}"

    def node(self, inputs: Sequence[Tensor]) -> Conv:
        """Raises MisfitError with all that does not fit the map that it reads."""
        (x,) = inputs
        in_shape = map_of(x, "a convolution")
        faults: list[tuple[str, str]] = []
        for check in (self._group_faults, self._filter_faults, self._window_faults):
            with suppress(UnknownKeyError):
                faults += check(in_shape)
        if faults:
            raise MisfitError(*faults)
        channels, height, width = in_shape
        out, padding = self._filters_of(channels), self._border
        rows, columns = slide((height, width), self.kernel, self.stride, padding)
        return Conv(
            self.name,
            (x.name,),
            Tensor(self.name, (out, rows, columns), x.timesteps, None),
            in_shape,
            self.kernel,
            self.stride,
            padding,
            self._groups_of(channels),
            bias=known(self, "bias", False),
            batch_norm=known(self, "batch_norm", False),
        )

    def _group_faults(self, in_shape: tuple[int, int, int]) -> list[tuple[str, str]]:
        groups = self._groups_of(in_shape[0])
        return [("groups", f"{groups} must divide the {in_shape[0]} input channels")] if in_shape[0] % groups else []

    def _filter_faults(self, in_shape: tuple[int, int, int]) -> list[tuple[str, str]]:
        channels = in_shape[0]
        groups, out, faults = self._groups_of(channels), self._filters_of(channels), list[tuple[str, str]]()
        if out % groups:
            faults.append(("out", f"{out} must be a multiple of the {groups} groups"))
        if out * channels // groups * self.kernel[0] * self.kernel[1] > MAX_WEIGHTS:
            faults.append(("out", f"{out} filters must come to <= {MAX_WEIGHTS} weights"))
        return faults

    def _window_faults(self, in_shape: tuple[int, int, int]) -> list[tuple[str, str]]:
        try:
            slide(in_shape[1:], self.kernel, self.stride, self._border)
        except MisfitError as misfit:
            return list(misfit.faults)
        return []

    def _groups_of(self, channels: int) -> int:
        return channels if self.depthwise else self.groups or 1

    def _filters_of(self, channels: int) -> int:
        return channels if self.out is None else self.out

    @property
    def _border(self) -> tuple[int, int]:
        return (self.kernel[0] // 2, self.kernel[1] // 2) if self.padding == "same" else self.padding


@LAYERS.register
class ConvKind(LayerKind):
    """docs/workloads.md."""

    name = "conv"
    title = "convolution"
    plural = "convolutions"
    keys = ConvKeys
