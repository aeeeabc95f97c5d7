"""What workloads/*.yaml may say: keys, ranges and defaults. Shapes are inferred in lifsim.config.shapes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lifsim.config.schema import Broken, Flag, Model, Text, rule

MAX_LAYERS = 2000
MAX_TIMESTEPS = 1024

Name = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=64)]
Prose = Annotated[str, Field(strict=True, max_length=10_000)]
Channels = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]
NeuronKeys = Annotated[dict[str, Any], Field(max_length=100)]
"""What the registered model has (lifsim.config.neuron)."""
Rate = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]


def _pair(low: int, *words: str) -> BeforeValidator:
    """Accepts n (for both axes) or [vertical, horizontal], each from `low` to 4096, or one of `words`."""

    def parse(value: Any) -> Any:
        if value in words:
            return value
        pair = value if isinstance(value, list | tuple) else (value, value)
        whole = all(isinstance(part, int) and not isinstance(part, bool) and low <= part <= 4096 for part in pair)
        if len(pair) != 2 or not whole:
            choices = [f"a whole number from {low} to 4096", "a list of two", *map(repr, words)]
            raise ValueError(f"{value!r} must be {', '.join(choices[:-1])} or {choices[-1]}")
        return tuple(pair)

    return BeforeValidator(parse)


Positive = Annotated[tuple[int, int], _pair(1)]
Padding = Annotated[tuple[int, int], _pair(0)]
ConvPadding = Annotated[tuple[int, int] | Literal["same"], _pair(0, "same")]


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


Rates = Annotated[tuple[Rate, ...], BeforeValidator(_one_or_many), Field(min_length=1, max_length=MAX_TIMESTEPS)]


class InputSpec(Model):
    """The network's input. shape: [C, H, W], a 1-D signal is [C, 1, L]; or [F].

    encoding: "direct" shows the analogue image of `bits` bits once and replays what the first layer makes of it;
    "rate" and "event" give spikes at every timestep.
    """

    shape: Annotated[tuple[Channels, ...], Field(min_length=1, max_length=3)]
    encoding: Literal["direct", "rate", "event"] = "direct"
    bits: Annotated[int, Field(ge=1, le=32, strict=True)] = 8


class Operation(Model):
    """What all layers have. input: the layer it reads, "input" for the network's; default: the layer above."""

    name: Name
    input: Name | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the layers it reads; () for the layer above."""
        return () if self.input is None else (self.input,)


class WeightOperation(Operation):
    """A layer of weights. in_shape starts a chain of its own that reads spikes of that shape."""

    bias: Flag = False
    batch_norm: Flag = False
    in_shape: Annotated[tuple[Channels, ...], Field(min_length=1, max_length=3)] | None = None

    @rule
    def chain_has_one_beginning(self) -> Broken:
        """A chain of its own reads no other layer."""
        if self.in_shape is not None and self.input is not None:
            yield "input", "must not be given with in_shape, which starts a chain of its own"


class ConvSpec(WeightOperation):
    """Convolution. kernel [R, S] (1-D: [1, S]); `same` keeps ceil(H/stride) rows; depthwise: groups = channels."""

    op: Literal["conv"]
    out: Channels | None = None
    kernel: Positive
    stride: Positive = (1, 1)
    padding: ConvPadding = (0, 0)
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


class LinearSpec(WeightOperation):
    """Fully connected; a (C, H, W) input is flattened."""

    op: Literal["linear"]
    out: Channels


class PoolSpec(Operation):
    """Pooling. Give `kernel` (stride defaults to it; what does not fill a window is dropped, as in PyTorch), or
    `output` [h, w] for adaptive pooling, which must divide the map."""

    op: Literal["max_pool", "avg_pool"]
    kernel: Positive | None = None
    stride: Positive | None = None
    padding: Padding = (0, 0)
    output: Positive | None = None

    @rule
    def has_one_window(self) -> Broken:
        """A window is given by its size or by the output that it must come to."""
        if (self.kernel is None) == (self.output is None):
            yield "", "exactly one of kernel and output must be given"

    @rule
    def adaptive_windows_do_not_slide(self) -> Broken:
        """They divide the map."""
        if self.output is not None and (self.stride is not None or self.padding != (0, 0)):
            yield "output", "must stand without stride and padding"

    @rule
    def windows_see_the_map(self) -> Broken:
        """Not padding alone."""
        if self.kernel is not None and any(2 * p > k for p, k in zip(self.padding, self.kernel, strict=True)):
            yield "padding", f"{list(self.padding)} must be <= half the kernel {list(self.kernel)}"


class AddSpec(Model):
    """Residual connection: the element-wise sum of two or more layers."""

    op: Literal["add"]
    name: Name
    inputs: Annotated[tuple[Name, ...], Field(min_length=2, max_length=16)]

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the layers it reads."""
        return self.inputs


class LifSpec(Operation):
    """Spiking neurons, one per element. group: those of one group share their state under `layer` sharing; neuron: what
    they have other than the network's."""

    op: Literal["lif"]
    group: Name | None = None
    neuron: NeuronKeys = Field(default_factory=dict)


class TimeMeanSpec(Operation):
    """Mean over the timesteps; what follows runs once per image."""

    op: Literal["time_mean"]


LayerSpec = Annotated[ConvSpec | LinearSpec | PoolSpec | AddSpec | LifSpec | TimeMeanSpec, Field(discriminator="op")]


class SpikesSpec(Model):
    """Where spikes come from. rates: per weight layer the share of non-zero inputs, one figure or one per timestep.

    trace: a trace file, looked for beside the workload file. measured: whether the rates were measured on this very
    network; provenance: where they come from.
    """

    source: Literal["rates", "engine", "trace"] = "engine"
    trace: Text | None = None
    rates: Annotated[dict[str, Rates], Field(max_length=MAX_LAYERS)] = Field(default_factory=dict)
    measured: Flag = False
    provenance: Prose = ""

    @rule
    def rates_have_a_source(self) -> Broken:
        """No figure without."""
        if self.rates and not self.provenance:
            yield "provenance", "must say where the rates come from"

    @rule
    def trace_is_a_file(self) -> Broken:
        """With its source, and only then."""
        if (self.source == "trace") != (self.trace is not None):
            yield "trace", "must name a file with source: trace, and only then"


class TrainingSpec(Model):
    """How sparse gradients are: shares of zeros. measured: whether on this network; provenance: where they are from."""

    membrane_gradient_sparsity: Rate
    firing_gradient_sparsity: Rate
    measured: Flag = False
    provenance: Annotated[str, Field(strict=True, min_length=1, max_length=10_000)]


class Workload(Model):
    """One network as the file says it. source: where its definition comes from."""

    name: Name
    description: Prose = ""
    source: Prose = ""
    timesteps: Annotated[int, Field(ge=1, le=MAX_TIMESTEPS, strict=True)]
    input: InputSpec
    neuron: NeuronKeys = Field(default_factory=dict)
    layers: Annotated[tuple[LayerSpec, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    spikes: SpikesSpec = SpikesSpec()
    training: TrainingSpec | None = None
