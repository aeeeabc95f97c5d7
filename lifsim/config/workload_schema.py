"""What workloads/*.yaml may say: keys, ranges and defaults. Shapes are inferred in lifsim.config.shapes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from lifsim.config.operation import Name, Operation, Padding, Positive, ProductOperation, Shape
from lifsim.config.places import alternatives, tags_of
from lifsim.errors import InputError
from lifsim.model.keys import BeforeValidator, Field, Key, key_of
from lifsim.model.network import NormStatistics
from lifsim.model.schema import Broken, Flag, Model, Text, model_of, rule
from lifsim.registry import registry_of

MAX_LAYERS = 2000
MAX_TIMESTEPS = 1024

Prose = Annotated[str, Field(strict=True, max_length=10_000)]
NeuronKeys = Annotated[dict[str, Any], Field(max_length=100)]
"""The keys of the registered neuron model (lifsim.config.neuron)."""
Rate = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


Rates = Annotated[tuple[Rate, ...], BeforeValidator(_one_or_many), Field(min_length=1, max_length=MAX_TIMESTEPS)]


class InputSpec(Model):
    """The network's input. shape: [C, H, W], a 1-D signal is [C, 1, L]; or [F].

    encoding: "direct" shows the analogue image of `bits` bits once and replays the output of the first layer; "rate"
    and "event" give spikes at every timestep.
    """

    shape: Shape
    encoding: Literal["direct", "rate", "event"] = "direct"
    bits: Annotated[int, Field(ge=1, le=32, strict=True)] = 8


def layers_of(kinds: Iterable[Any]) -> Any:
    """The union of entries of `layers`, distinguished by `op`: these kinds of layers, and all operations that are no
    layer kind."""
    every = (*(kind.keys for kind in kinds), PoolSpec, AddSpec, LifSpec, TimeMeanSpec)
    return Annotated[Union[every], Field(discriminator="op")]  # noqa: UP007 (of what is not known before)


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
        """A window must be given either by its size or by its output."""
        if (self.kernel is None) == (self.output is None):
            yield "", "exactly one of kernel and output must be given"

    @rule
    def adaptive_windows_do_not_slide(self) -> Broken:
        """Adaptive windows take no stride or padding: they divide the map."""
        if self.output is not None and (self.stride is not None or self.padding != (0, 0)):
            yield "output", "must stand without stride and padding"

    @rule
    def windows_see_the_map(self) -> Broken:
        """No window may see only padding."""
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
    """Spiking neurons, one per element. group: neurons of one group share their state under `layer` sharing; share:
    false lets them keep their own under any sharing; neuron: keys that differ from the network's."""

    op: Literal["lif"]
    group: Name | None = None
    share: Flag = True
    neuron: NeuronKeys = key_of(default_factory=dict)


class TimeMeanSpec(Operation):
    """Mean over the timesteps; what follows runs once per image."""

    op: Literal["time_mean"]


if TYPE_CHECKING:
    LayerSpec = ProductOperation | PoolSpec | AddSpec | LifSpec | TimeMeanSpec
else:
    LayerSpec = layers_of(registry_of("layer").shipped.values())


class SpikesSpec(Model):
    """Where spikes come from. rates: per weight layer the share of non-zero inputs, one figure or one per timestep.

    trace: a trace file, relative to the workload file. measured: whether the rates were measured on this network;
    provenance: where they come from. pruned: whether they are those of a network with pruned weights.
    """

    source: Literal["rates", "engine", "trace"] = "engine"
    trace: Text | None = None
    rates: Annotated[dict[str, Rates], Field(max_length=MAX_LAYERS)] = key_of(default_factory=dict)
    measured: Flag = False
    pruned: Flag = False
    provenance: Prose = ""

    @rule
    def rates_have_a_source(self) -> Broken:
        """Rates must state their source."""
        if self.rates and not self.provenance:
            yield "provenance", "must say where the rates come from"

    @rule
    def trace_is_a_file(self) -> Broken:
        """A trace must be given if and only if it is the source."""
        if (self.source == "trace") != (self.trace is not None):
            yield "trace", "must name a file with source: trace, and only then"


class TrainingSpec(Model):
    """The sparsity of gradients: shares of zeros. measured: whether on this network; provenance: where they come
    from."""

    membrane_gradient_sparsity: Rate
    firing_gradient_sparsity: Rate
    measured: Flag = False
    provenance: Annotated[str, Field(strict=True, min_length=1, max_length=10_000)]


class Workload(Model):
    """One network as its file describes it. source: where its definition comes from. norm_statistics: over what its
    batch norms take statistics in training (`lifsim.model.network.Network`)."""

    name: Name
    description: Prose = ""
    source: Prose = ""
    timesteps: Annotated[int, Field(ge=1, le=MAX_TIMESTEPS, strict=True)]
    input: InputSpec
    neuron: NeuronKeys = key_of(default_factory=dict)
    norm_statistics: NormStatistics = "timestep"
    layers: Annotated[tuple[LayerSpec, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    spikes: SpikesSpec = SpikesSpec()
    training: TrainingSpec | None = None


def schema_for(data: Any) -> type[Workload]:
    """The schema of a file's `data`: with the layer kinds of other packages, if it names one that LIFSim does not
    have. Raises InputError if one that it names cannot be used."""
    entries = data.get("layers") if isinstance(data, dict) else None
    named = [entry.get("op") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    others = [op for op in named if isinstance(op, str) and op not in _OWN]
    if not others:
        return Workload
    kinds = registry_of("layer")
    if faults := [kinds.unfit[op] for op in others if op in kinds.unfit]:
        raise InputError(faults)
    return _with_kinds(tuple(kinds.values()))


_OWN = frozenset(tags_of(alternatives(LayerSpec), "op"))


@cache
def _with_kinds(kinds: tuple[Any, ...]) -> type[Workload]:
    if len(kinds) == len(registry_of("layer").shipped):
        return Workload
    layers: Any = Annotated[
        tuple.__class_getitem__((layers_of(kinds), ...)), Field(min_length=1, max_length=MAX_LAYERS)
    ]
    return model_of("Workload", {"layers": Key(layers)}, Workload)
