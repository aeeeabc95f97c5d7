"""Backpropagation through time over one batch: the gradients of the weights.

The forward pass keeps the input, spikes, the batch norms' statistics and membranes (lifsim.engine.training.membranes),
and with stored membranes the outputs of the weight layers, which are otherwise computed again from spikes in the
backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from threadpoolctl import ThreadpoolController

from lifsim.engine.inference import network_faults
from lifsim.engine.layout import to_channels_first, to_channels_last
from lifsim.engine.operators import given_to, operator_of
from lifsim.engine.order import Stretch, Walk, stretches_of
from lifsim.engine.rehearsal import ready
from lifsim.engine.training.heap import keep_what_is_freed
from lifsim.engine.training.membranes import MEMBRANES, irreversible, untrainable
from lifsim.engine.training.norms import Norms
from lifsim.engine.training.pooling_gradient import pool_gradient
from lifsim.engine.training.state_grid import StateGrid
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.training.tape import Gradients, Tape
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, states_of
from lifsim.keeping import KEEPINGS
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Add, Input, Lif, Network, Node, Pool, TimeMean
from lifsim.model.product import Backward, Operator, Product
from lifsim.model.sharing import Sharing
from lifsim.watch import Watch, unwatched

Array = NDArray[Any]


@dataclass(frozen=True)
class Learner:
    """A network to be trained under a sharing. keeping: how the backward pass gets the membranes, a name of
    `lifsim.keeping`; grid: the accelerator's fixed-point grid to which states are rounded, to see its effect on
    gradients."""

    network: Network
    sharing: Sharing
    surrogate: Surrogate = field(default_factory=Surrogate)
    keeping: str = "stored"
    dtype: DTypeLike = np.float32
    workers: Workers = field(default_factory=Workers)
    grid: StateGrid | None = None

    def __post_init__(self) -> None:
        keep_what_is_freed()

    @property
    def product_again(self) -> bool:
        """Whether the weight layers run a second time in the backward pass."""
        return KEEPINGS[self.keeping].product_again

    @cached_property
    def states(self) -> tuple[State, ...]:
        """The sets of membranes. Raises InputError if the sharing does not fit the network."""
        return states_of(self.network, self.sharing)

    @cached_property
    def blas(self) -> ThreadpoolController:
        """Holds BLAS to one thread, so that its bits do not depend on how many there are."""
        return ThreadpoolController()

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The nodes in execution order."""
        return stretches_of(self.network, self.states)

    def prepare(self, watch: Watch = unwatched) -> None:
        """Compile the machine code that it needs, unless this machine has it; `watch` is told the progress."""
        ready(("inference", "training"), self.dtype, watch)

    def check(self) -> None:
        """Raises InputError, with every reason, if the network cannot be trained under these settings."""
        faults = network_faults(self.network) + untrainable(self.network) + self._unknown_statistics()
        faults += self._no_classes()
        if KEEPINGS[self.keeping].carries_states:
            faults += irreversible(self.network, self.sharing)
        try:
            states_of(self.network, self.sharing)
        except InputError as error:
            faults += error.faults
        if faults:
            raise InputError(faults)

    def _no_classes(self) -> list[Fault]:
        """The loss is of classes, [B, F]."""
        last = self.network.nodes[-1]
        if len(last.output.shape) == 1:
            return []
        map_of = " x ".join(map(str, last.output.shape))
        rule = f"is the last layer and puts out a map, {map_of}: {self.network.name} must end in a layer of classes"
        return [Fault(f"{rule}, such as a linear one", last.name)]

    def _unknown_statistics(self) -> list[Fault]:
        """Batch norms that need statistics of timesteps which have not been computed by then."""
        if self.network.norm_statistics != "all_timesteps":
            return []
        try:
            stretches = self.stretches
        except InputError:  # reported separately
            return []
        rule = "must not take statistics of all timesteps between layers that share membranes, which go timestep by"
        return [
            Fault(f"{rule} timestep: norm_statistics must be timestep or frozen", node.name)
            for stretch in stretches
            for node in stretch.nodes
            if isinstance(node, Product) and node.batch_norm and not stretch.folded
        ]

    def forward(self, weights: Mapping[str, Array], x: Array) -> Pass:
        """Run a batch x, channels first, [timesteps, B, ...], encoded and checked. Raises InputError."""
        return Pass(self, weights, to_channels_last(x))


class Pass:
    """One batch on its way through the network and back.

    outputs: of the last node, [timesteps, B, F]; statistics: what each batch norm saw.
    """

    def __init__(self, learner: Learner, weights: Mapping[str, Array], x: Array) -> None:
        self.learner = learner
        self._weights = weights
        self._x = x
        self._tape = Tape()
        self._fresh: dict[str, Array] = {}  # recomputed values of the node and timesteps that are being undone
        self._norms = Norms(learner.network, weights, learner.dtype, learner.workers)
        self._operators: dict[str, Operator] = {}
        rooms = learner.network, learner.sharing, weights, x.shape[1]
        self.membranes = MEMBRANES[learner.keeping](*rooms, learner.surrogate, learner.workers, learner.grid)
        outputs = Walk(learner.network, learner.stretches, self._forward).run()
        self.outputs = to_channels_first(outputs)

    @property
    def spikes(self) -> dict[str, Array]:
        """Spikes of every LIF layer, [T, B, ...], channels first."""
        return {lif.name: to_channels_first(self._tape.whole(lif.name)) for lif in self.learner.network.lifs}

    def running_statistics(self) -> dict[str, Array]:
        """Running means and variances of the batch norms after this batch."""
        return self._norms.running_statistics()

    def _forward(self, node: Node, inputs: Sequence[Array], timestep: int, timesteps: int) -> Array:
        match node:
            case Input():
                value = self._x
                self._tape.put(node.name, value)
            case Lif():
                value = self.membranes.fire(node, inputs[0], timestep, timesteps)
                self._tape.put(node.name, value)
            case Product():
                raw = self._raw(node, inputs[0])
                if not self.learner.product_again:
                    self._tape.put(node.name, raw)
                self._norms.see(node, raw)
                value = self._norms.normed(node, raw, timestep, timesteps)
            case _:
                value = self._stateless(node, inputs)
                if isinstance(node, Pool) and value.dtype == np.uint8:  # few spikes, read again in the backward pass
                    self._tape.put(node.name, value)
        return value

    def _stateless(self, node: Node, inputs: Sequence[Array]) -> Array:
        if node.name not in self._operators:
            learner = self.learner
            self._operators[node.name] = operator_of(
                learner.network, node, self._weights, learner.dtype, learner.workers
            )
        return self._operators[node.name](inputs)

    def _raw(self, node: Product, x: Array) -> Array:
        """Output of the weight layer before its batch norm, [timesteps, B, ...]."""
        if node.name not in self._operators:
            learner, filters = self.learner, node.window.out_shape[0]
            bias = self._weights[f"{node.name}.bias"] if node.bias else np.zeros(filters)
            affine = np.ones(filters, learner.dtype), bias.astype(learner.dtype)
            given = given_to(learner.network, node, self._weights, affine, learner.workers)
            self._operators[node.name] = node.forward(given)
        return self._operators[node.name]([x])

    def _kept(self, node: Product, timestep: int, timesteps: int) -> Array:
        """Output of the weight layer before its batch norm: from the tape, or computed again."""
        if node.name in self._tape:
            return self._tape.get(node.name, timestep, timesteps)
        if node.name not in self._fresh:
            self._fresh[node.name] = self._raw(node, self._value(node.inputs[0], timestep, timesteps))
        return self._fresh[node.name]

    def _value(self, name: str, timestep: int, timesteps: int) -> Array:
        """Output of a node, computed again from what the forward pass kept."""
        node = self.learner.network.node(name)
        if isinstance(node, Product):
            return self._norms.normed(node, self._kept(node, timestep, timesteps), timestep, timesteps)
        if name in self._tape:
            return self._tape.get(name, timestep, timesteps)
        return self._stateless(node, [self._value(source, timestep, timesteps) for source in node.inputs])

    def backward(self, grad: Array, *, with_input: bool = False) -> dict[str, Array]:
        """Gradients of the weights, and "input" for that of the input (channels first) if asked, from the outputs'."""
        with self.learner.blas.limit(limits=1):
            return self._backward_all(grad, with_input=with_input)

    def _backward_all(self, grad: Array, *, with_input: bool) -> dict[str, Array]:
        sums: dict[str, Array] = {}
        flow = Gradients(self.learner.network, with_input=with_input)
        flow.add(self.learner.network.nodes[-1].name, to_channels_last(grad).astype(self.learner.dtype), 0)
        for stretch in reversed(self.learner.stretches):
            timesteps = self.learner.network.timesteps
            spans = [(0, timesteps)] if stretch.folded else [(timestep, 1) for timestep in reversed(range(timesteps))]
            for timestep, timesteps in spans:
                self._fresh.clear()
                for node in reversed(stretch.nodes):
                    self._backward(node, flow, timestep, timesteps, sums)
        return sums

    def _backward(self, node: Node, flow: Gradients, timestep: int, timesteps: int, sums: dict[str, Array]) -> None:
        grad = flow.take(node.name, timestep, timesteps)
        if grad is None:
            return
        match node:
            case Input():
                sums["input"] = to_channels_first(grad)
            case Lif():
                spikes = self._tape.get(node.name, timestep, timesteps)

                def inputs(lif: Lif) -> Array:
                    return self._value(lif.inputs[0], timestep, timesteps)

                flow.add(node.inputs[0], self.membranes.backward(node, grad, spikes, inputs, timestep), timestep)
            case Product():
                self._backward_weights(node, grad, flow, timestep, timesteps, sums)
                self._fresh.pop(node.name, None)
            case Pool():
                x = self._value(node.inputs[0], timestep, timesteps)
                flow.add(node.inputs[0], pool_gradient(x, grad, node, self.learner.workers), timestep)
            case Add():
                for name in node.inputs:
                    flow.add(name, grad, timestep)
            case TimeMean():
                timesteps = self.learner.network.timesteps
                flow.add(node.inputs[0], np.repeat(grad / timesteps, timesteps, axis=0), 0)

    def _backward_weights(
        self, node: Product, grad: Array, flow: Gradients, timestep: int, timesteps: int, sums: dict[str, Array]
    ) -> None:
        def add(term: str, part: Array) -> None:
            name = f"{node.name}.{term}"
            sums[name] = sums[name] + part if name in sums else part

        if node.batch_norm and self._norms.are_frozen:
            grad = self._norms.frozen_gradient(node, grad)
        elif node.batch_norm:
            raw = self._kept(node, timestep, timesteps)
            grad, slope, offset = self._norms.gradient(node, grad, raw, timestep)
            add("bn.weight", slope)
            add("bn.bias", offset)
        if node.bias:
            add("bias", grad.sum(axis=tuple(range(grad.ndim - 1)), dtype=np.float64).astype(grad.dtype))
        x = self._value(node.inputs[0], timestep, timesteps)
        of_weights, of_input = self._product_gradients(node, grad, x, with_input=flow.wants(node.inputs[0]))
        add("weight", of_weights)
        if of_input is not None:
            flow.add(node.inputs[0], of_input, timestep)

    def _product_gradients(
        self, node: Product, grad: Array, x: Array, *, with_input: bool
    ) -> tuple[Array, Array | None]:
        """Gradients of the weights and, if asked for, of the input x."""
        backward, workers = _backward_of(node), self.learner.workers
        if not with_input:
            return backward.of_weights(x, grad, workers), None
        return backward.of_both(x, grad, self._weights[f"{node.name}.weight"].astype(grad.dtype), workers)


def _backward_of(node: Product) -> Backward:
    found = node.backward()
    if found is None:
        raise ValueError(f"{node.name} must have gradients: Learner.check refuses what has none")
    return found
