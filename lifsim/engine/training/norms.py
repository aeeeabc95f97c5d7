"""The batch norms of a network on one batch: their statistics in the forward pass, and their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import DTypeLike, NDArray

from lifsim.engine.training import norm
from lifsim.engine.training.tape import Tape
from lifsim.engine.workers import Workers
from lifsim.model.network import Network
from lifsim.model.product import Product

Array = NDArray[Any]


class Norms:
    """weights: hold the gains, offsets and running statistics; dtype: of the values."""

    def __init__(self, network: Network, weights: Mapping[str, Array], dtype: DTypeLike, workers: Workers) -> None:
        self._network = network
        self._weights = weights
        self._dtype = dtype
        self._workers = workers
        self._tape = Tape()
        self._counts: dict[str, int] = {}  # elements that the statistics of a batch norm are of

    @property
    def are_frozen(self) -> bool:
        """Whether they use the running statistics and do not learn."""
        return self._network.norm_statistics == "frozen"

    def see(self, node: Product, raw: Array) -> None:
        """Take the statistics of the next timesteps, unless norms are frozen. Raises InputError."""
        if node.batch_norm and not self.are_frozen:
            over_time = self._network.norm_statistics == "all_timesteps"
            seen = norm.statistics(raw, node.name, self._workers, over_time=over_time)
            self._counts[node.name] = seen.count
            self._tape.put(f"{node.name}.mean", seen.mean)
            self._tape.put(f"{node.name}.variance", seen.variance)

    def normed(self, node: Product, raw: Array, timestep: int, timesteps: int) -> Array:
        """The output of the node at these timesteps."""
        if not node.batch_norm:
            return raw
        seen = self._statistics(node.name, timestep, timesteps)
        return norm.normed(raw, seen, self._term(node, "weight"), self._term(node, "bias"), self._workers)

    def gradient(self, node: Product, grad: Array, raw: Array, timestep: int) -> tuple[Array, Array, Array]:
        """Gradients of the raw values, the gain and the offset, from that of the output, where norms learn."""
        seen = self._statistics(node.name, timestep, len(grad))
        return norm.gradient(grad, raw, self._term(node, "weight"), seen, self._workers)

    def frozen_gradient(self, node: Product, grad: Array) -> Array:
        """Gradient of the raw values, where norms are frozen."""
        return norm.frozen_gradient(grad, self._term(node, "weight"), self._statistics(node.name, 0, len(grad)))

    def running_statistics(self) -> dict[str, Array]:
        """Running means and variances after this batch."""
        after: dict[str, Array] = {}
        for name in self._counts:
            names = [f"{name}.bn.running_mean", f"{name}.bn.running_var"]
            seen = self._statistics(name, 0, self._network.timesteps)
            values = norm.updated(self._weights[names[0]], self._weights[names[1]], seen)
            after |= {key: value.astype(self._dtype) for key, value in zip(names, values, strict=True)}
        return after

    def _statistics(self, name: str, timestep: int, timesteps: int) -> norm.Statistics:
        if self.are_frozen:
            mean, variance = (self._weights[f"{name}.bn.running_{term}"][None] for term in ("mean", "var"))
            return norm.Statistics(mean, variance, 0)
        mean, variance = (self._tape.get(f"{name}.{term}", timestep, timesteps) for term in ("mean", "variance"))
        return norm.Statistics(mean, variance, self._counts[name])

    def _term(self, node: Product, term: str) -> Array:
        return self._weights[f"{node.name}.bn.{term}"].astype(self._dtype)
