"""The network graph that the hardware model and the SNN engine both read.

A `Network` is a list of nodes in execution order, each with one output `Tensor`. Its `layers` are computed by the array
(`lifsim.layers`), each with everything that runs behind it up to the next: pooling, residual add, LIF.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Any, Literal

from lifsim.brief import Brief, Briefly
from lifsim.lazy_dataclass import dataclass
from lifsim.model.activity import DENSE_GRADIENTS, Gradients, Spikes
from lifsim.model.described import network_brief
from lifsim.neurons import NeuronModel


@dataclass(frozen=True)
class Tensor:
    """The output of a node per image. shape: (C, H, W), or (F,) behind a linear layer. 1-D signals are (C, 1, L).

    timesteps: for how many it has values: T, or 1 (the analogue image under direct encoding and everything before the
        first LIF, or behind a mean over time).
    levels: the largest count an element can hold: 1 for spikes, k*k behind an average pool of spikes, the sum behind
        an add of spikes; None for real values.
    """

    name: str
    shape: tuple[int, ...]
    timesteps: int
    levels: int | None

    @property
    def elements(self) -> int:
        """Elements per image and timestep."""
        return math.prod(self.shape)

    @property
    def is_spikes(self) -> bool:
        """Whether every element is 0 or 1."""
        return self.levels == 1

    def bits(self, real_bits: int) -> int:
        """Bits per element: what its `levels` need, or `real_bits` for real values."""
        return real_bits if self.levels is None else self.levels.bit_length()


@dataclass(frozen=True)
class Node:
    """One operation. `inputs` name the nodes it reads ("input" is the network's input)."""

    name: str
    inputs: tuple[str, ...]
    output: Tensor


@dataclass(frozen=True)
class Input(Node):
    """The network's input, or the given input of a layer that starts a chain of its own (`in_shape`)."""


@dataclass(frozen=True)
class Pool(Node):
    """Max or average pooling (`kind` "max" | "avg")."""

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True)
class Add(Node):
    """Element-wise sum of its inputs (residual connection)."""


@dataclass(frozen=True)
class TimeMean(Node):
    """Mean over the timesteps: what follows runs once per image."""


@dataclass(frozen=True)
class Lif(Node):
    """A layer of spiking neurons, one per element. `group`: those of one group share their state under `layer`
    sharing; `share`: whether they share at all."""

    neuron: NeuronModel
    group: str | None
    share: bool = True


def second_of(layer: str) -> str:
    """The name of a layer's second operand in rates and traces."""
    return f"{layer}:second"


@dataclass(frozen=True)
class Traced:
    """A tensor whose spikes a trace must hold, under this name: an operand of a layer, read as a map, or flattened."""

    name: str
    tensor: Tensor
    map_shape: tuple[int, int, int]
    flat: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """As traces have it: (C, H, W) or (F,)."""
        return self.map_shape[:1] if self.flat else self.map_shape


@dataclass(frozen=True)
class Layer:
    """A layer of the array as the hardware sees it: a GEMM [pixels Sr] x [K] x [filters Sc] per group, and what
    follows.

    Shapes are per image. `rounds` is how often the array computes it per image: T, or 1 if its input has one timestep.
    `lif` fires `timesteps` times per image whatever `rounds` is. `outputs` are the tensors it hands over to later
    layers; `residuals` the stored tensors that its add reads. `flat`: its input is flattened to one pixel. `operand`:
    the tensor whose elements are its filters, not weights.
    """

    index: int
    name: str
    kind: str  # a registered one (lifsim.layers)
    input: Tensor
    in_shape: tuple[int, int, int]  # (C, H, W); of a flat layer (F, 1, 1)
    filters: int  # M
    kernel: tuple[int, int]  # (R, S)
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int
    out_shape: tuple[int, int, int]  # (M, E, F) of the GEMM itself, before pooling
    rounds: int
    timesteps: int
    lif: Lif | None
    outputs: tuple[Tensor, ...]
    residuals: tuple[Tensor, ...]
    flat: bool = False
    operand: Tensor | None = None

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """Its operands: its input, and the tensor that takes the place of weights, if any."""
        return (self.input,) if self.operand is None else (self.input, self.operand)

    @property
    def traced(self) -> tuple[Traced, ...]:
        """The tensors that a trace must hold: its operands."""
        first = Traced(self.name, self.input, self.in_shape, self.flat)
        if self.operand is None:
            return (first,)
        channels, *pixels = self.operand.shape
        height, width = pixels or (1, 1)
        return first, Traced(second_of(self.name), self.operand, (channels, height, width), not pixels)

    def __hash__(self) -> int:
        """Cheap: equal layers have equal names."""
        return hash((self.index, self.name))

    @property
    def sees_image(self) -> bool:
        """Whether it reads the analogue image."""
        return self.input.name == "input" and self.input.levels is None

    @property
    def computed_again(self) -> Layer:
        """The same layer, computed at every timestep."""
        return replace(self, rounds=self.timesteps)

    @property
    def pixels(self) -> int:
        """Sr = E*F, output pixels."""
        return self.out_shape[1] * self.out_shape[2]

    @property
    def reduction(self) -> int:
        """K = C*R*S/groups, products summed into one output."""
        return self.in_shape[0] // self.groups * self.kernel[0] * self.kernel[1]

    @property
    def group_filters(self) -> int:
        """Sc = M/groups, filters of one group's GEMM."""
        return self.filters // self.groups

    @property
    def weights(self) -> int:
        """Weight elements."""
        return self.filters * self.reduction if self.operand is None else 0

    @property
    def macs_per_round(self) -> int:
        """Dense multiply-accumulates of one image and round."""
        return self.pixels * self.reduction * self.filters

    @property
    def multibit_input(self) -> bool:
        """Whether its input has more than one bit, so that the array multiplies instead of gating."""
        return not all(tensor.is_spikes for tensor in self.reads)

    @property
    def lif_elements(self) -> int:
        """LIF neurons (without sharing), 0 without a LIF."""
        return self.lif.output.elements if self.lif else 0

    @property
    def state_variables(self) -> int:
        """State variables of each of its neurons, 0 without a LIF."""
        return len(self.lif.neuron.states) if self.lif else 0

    @property
    def datapaths(self) -> int:
        """Datapaths of a LIF unit that one call of a neuron uses, 0 without a LIF."""
        return self.lif.neuron.datapaths if self.lif else 0


NormStatistics = Literal["timestep", "all_timesteps", "frozen"]
"""Over what batch norms take statistics in training: the batch and map of each timestep, of all timesteps together, or
nothing, as in inference."""


@dataclass(frozen=True, repr=False)
class Network(Briefly):
    """A workload: nodes in execution order, shapes inferred and checked.

    encoding: "direct" (the image is seen once, its output replayed), "rate" or "event" (spikes at every timestep).
    norm_statistics: of its batch norms in training; inference folds them into the weights. definition: its file as
    plain data.
    """

    name: str
    description: str
    timesteps: int
    encoding: str
    input_bits: int
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...]
    spikes: Spikes
    gradients: Gradients = DENSE_GRADIENTS
    definition: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    norm_statistics: NormStatistics = "timestep"

    def __hash__(self) -> int:
        """Cheap: equal networks have equal names."""
        return hash((self.name, self.timesteps, len(self.layers)))

    @property
    def brief(self) -> Brief:
        """What it consists of."""
        return network_brief(self)

    @cached_property
    def lifs(self) -> tuple[Lif, ...]:
        """LIF nodes in execution order."""
        return tuple(node for node in self.nodes if isinstance(node, Lif))

    @cached_property
    def traced(self) -> tuple[Traced, ...]:
        """The tensors that a trace must hold, layer by layer."""
        return tuple(one for layer in self.layers for one in layer.traced)

    @cached_property
    def input_tensors(self) -> frozenset[str]:
        """Names of inputs from outside: the network's input, and given inputs of layers that start a chain of their
        own."""
        return frozenset(node.output.name for node in self.nodes if isinstance(node, Input))

    def node(self, name: str) -> Node:
        """The node of that name; KeyError if there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}
