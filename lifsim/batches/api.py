"""`lifsim.infer` and `lifsim.gradients`: what LIFSim's engine computes of a batch with given weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lifsim.batches.inputs import BatchInputs, count_of, of_images
from lifsim.batches.parts import Inferred, Model, Part, count_spikes, parts, run_here
from lifsim.brief import Brief, Briefly
from lifsim.engine.encoding import encode
from lifsim.engine.inference import checked_input
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.state_grid import StateGrid
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError, collecting, did_you_mean, shown
from lifsim.keeping import KEEPINGS
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.room import require_memory
from lifsim.simulate.api import Name
from lifsim.simulate.options import Rates
from lifsim.units import as_whole, counted

Array = NDArray[Any]


@dataclass(frozen=True, repr=False)
class Inference(Briefly):
    """What a network makes of B images; iterates as ``logits, spikes``.

    logits: [B, F], the last layer's outputs, mean over time (of neurons: their firing rates). outputs: [T, B, F], each
    timestep's, or one where it runs once. spikes: by the name of each LIF layer [T, B, C, H, W] or [T, B, F], bool.
    membranes: by the name of the first LIF layer that uses them, after the last call, [B, C/N, H, W] or [B, F/N].
    Neither is kept where counts alone are asked for.
    """

    outputs: Array
    spikes: Mapping[str, Array]
    membranes: Mapping[str, Array]
    _counts: Mapping[str, Array]

    @property
    def brief(self) -> Brief:
        """Shapes, and how often the neurons of each layer fire."""
        return Brief(
            f"inference of {counted(self.outputs.shape[1], 'image')}",
            {"logits": shape_words(self.logits), "outputs": shape_words(self.outputs), **self._fired},
        )

    @property
    def _fired(self) -> dict[str, str]:
        return _rates(self.spikes) or {f"spikes of {name}": f"{of.sum():,}" for name, of in self._counts.items()}

    @property
    def logits(self) -> Array:
        """Mean over time."""
        mean: Array = self.outputs.mean(axis=0)
        return mean

    @property
    def counts(self) -> Mapping[str, Array]:
        """How many neurons fire, by the name of each LIF layer [T, B]."""
        of_spikes = {name: count_spikes(fired) for name, fired in self.spikes.items()}
        return of_spikes or self._counts

    def __iter__(self) -> Iterator[Any]:
        return iter((self.logits, self.spikes))


@dataclass(frozen=True, repr=False)
class BatchGradients(Briefly, Mapping[str, Array]):
    """The gradients of the mean loss of a batch, by the names and in the shapes of the weights.

    weights: the same as a dict; loss: cross-entropy of the logits; logits: [B, F]; spikes: as of `Inference`; input: of
    the encoded input [T or 1, B, ...], where it was asked for.
    """

    weights: Mapping[str, Array]
    loss: float
    logits: Array
    spikes: Mapping[str, Array]
    input: Array | None = None

    @property
    def brief(self) -> Brief:
        """The loss, and of each weight the norm of its gradient."""
        norms = {name: f"{shape_words(of)}, norm {np.linalg.norm(of):.4g}" for name, of in self.weights.items()}
        return Brief(f"gradients of {counted(self.logits.shape[0], 'image')}", {"loss": f"{self.loss:.6g}", **norms})

    def __getitem__(self, name: str) -> Array:
        if name not in self.weights:
            raise KeyError(f"{name!r} must be a weight with a gradient{did_you_mean(name, self.weights)}")
        return self.weights[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.weights)

    def __len__(self) -> int:
        return len(self.weights)


def shape_words(array: Array) -> str:
    """`10 x 3 x 3 float32`."""
    return f"{' x '.join(map(str, array.shape))} {array.dtype}"


def _rates(spikes: Mapping[str, Array]) -> dict[str, str]:
    return {f"spikes of {name}": f"{shape_words(fired)}, {fired.mean():.1%} ones" for name, fired in spikes.items()}


def infer(
    workload: Network | Name,
    weights: Mapping[str, ArrayLike] | Name,
    images: ArrayLike | Name,
    sharing: Sharing | str = "none",
    *,
    timesteps: int | None = None,
    batch: int | None = None,
    rate: Rates | None = None,
    rates: Name | None = None,
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    threads: int | None = None,
    scheduler: str | None = None,
    counts_only: bool = False,
    share_where_possible: bool = False,
    overrides: Sequence[str] = (),
) -> Inference:
    """Run `workload` with `weights` on `images` under `sharing`: logits, spikes and membranes.

    weights: arrays by name ("conv1.weight" [M, C/groups, R, S], "fc.weight" [M, F], "conv1.bn.running_mean" [M], ...;
    docs/python.md), an .npz file of them, "random" (by `seed`) or "calibrated" (that fire at the workload's rates).
    images: [B, C, H, W] or [B, F], events [T, B, ...]; an .npz file, "random", or a data set (`lifsim list datasets`),
    of whose test images the first `batch` (1). timesteps: instead of the workload's. rate, rates: at which "calibrated"
    weights fire, instead of the workload's, as in `lifsim.run`. seed: also of rate encoding. dtype: of the arithmetic,
    float32 or float64. threads: default all; they change no bit. scheduler: address of a Dask cluster that computes the
    images instead; it changes no bit either. counts_only: keep of spikes how many there are, and no membranes, which
    takes little memory and little of a network. share_where_possible, overrides: as in `lifsim.run`.

    Raises InputError with every fault.
    """
    timesteps, batch, seed, threads = map(as_whole, (timesteps, batch, seed, threads))
    asked = BatchInputs(
        workload, weights, images, sharing, timesteps, batch, rate, rates, seed, dtype, threads, share_where_possible,
        overrides,
    )  # fmt: skip
    faults, seen, arrays = [*asked.number_faults()], None, None
    read = asked.read_network(faults) if not faults else None
    if read is None or faults:
        raise InputError(faults)
    network, shared = read
    crew = asked.workers()
    with collecting(faults):
        seen = asked.read_images(network)
    with collecting(faults):
        arrays = asked.read_weights(network, shared, seen, crew)
    if faults or seen is None or arrays is None:
        raise InputError(faults)
    count = count_of(network, seen)
    fired = sum(lif.output.elements * lif.output.timesteps for lif in network.lifs)
    if not counts_only:
        require_memory(count * fired, f"the spikes of {counted(count, 'image')}", "images")
    model, todo = Model(network, shared, arrays, np.dtype(dtype), seed, counts_only), parts(network, seen, count)
    with of_images():
        return _together(model, count, _runner(scheduler)(model, todo, crew))


def gradients(
    workload: Network | Name,
    weights: Mapping[str, ArrayLike] | Name,
    images: ArrayLike | Name,
    labels: ArrayLike | None = None,
    sharing: Sharing | str = "none",
    *,
    timesteps: int | None = None,
    batch: int | None = None,
    rate: Rates | None = None,
    rates: Name | None = None,
    bptt: str = "stored",
    surrogate: str = "atan",
    alpha: float | None = None,
    membrane_bits: int | None = None,
    copy_every: int = 1,
    with_input: bool = False,
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    threads: int | None = None,
    share_where_possible: bool = False,
    overrides: Sequence[str] = (),
) -> BatchGradients:
    """The gradients of a batch: backpropagation through time of the cross-entropy of the logits (docs/model.md).

    labels: [B] of classes 0 to F - 1; None with "random" images, or a data set, whose first `batch` (64) training
    images and their labels are taken. bptt: how the backward pass gets the membranes (`lifsim list keepings`);
    gradients are the same. surrogate: "atan", "sigmoid" or "triangle", with steepness `alpha` (None: its default).
    Batch norms use batch statistics unless the workload says norm_statistics: frozen. Other arguments are those of
    `infer`.

    Raises InputError with every fault, including reasons why a network cannot be trained.
    """
    timesteps, batch, seed, threads = map(as_whole, (timesteps, batch, seed, threads))
    membrane_bits, copy_every = as_whole(membrane_bits), as_whole(copy_every)
    asked = BatchInputs(
        workload, weights, images, sharing, timesteps, batch, rate, rates, seed, dtype, threads, share_where_possible,
        overrides,
    )  # fmt: skip
    faults, slopes, examples, arrays = [*asked.number_faults()], None, None, None
    if alpha is not None and (not isinstance(alpha, int | float) or isinstance(alpha, bool)):
        faults.append(Fault(f"{shown(alpha)} must be a number", path="alpha"))
    else:
        with collecting(faults):
            slopes = Surrogate.named(surrogate) if alpha is None else Surrogate(surrogate, alpha)
    if bptt not in KEEPINGS:
        faults.append(Fault(f"{shown(bptt)} must be one of {', '.join(KEEPINGS)}", path="bptt"))
    faults += _grid_faults(membrane_bits, copy_every)
    read = asked.read_network(faults) if not faults else None
    if read is None or slopes is None or faults:
        raise InputError(faults)
    network, shared = read
    grid = None if membrane_bits is None else StateGrid(membrane_bits, copy_every)
    learner = Learner(network, shared, slopes, bptt, np.dtype(dtype), asked.workers(), grid)
    with collecting(faults):
        learner.check()
    with collecting(faults):
        examples = asked.read_examples(network, labels)
    with collecting(faults):
        arrays = asked.read_weights(network, shared, examples and examples[0], learner.workers)
    if faults or examples is None or arrays is None:
        raise InputError(faults)
    with of_images():
        x = checked_input(network, encode(network, examples[0], seed), learner.dtype)
    learner.prepare()
    run = learner.forward(arrays, x)
    loss, slope = cross_entropy(run.outputs, examples[1])
    found = run.backward(slope, with_input=with_input)
    of_input = found.pop("input", None)
    spikes = {name: fired.astype(bool) for name, fired in run.spikes.items()}
    ordered = {name: found[name] for name in arrays if name in found}
    return BatchGradients(ordered, loss, run.outputs.mean(axis=0), spikes, of_input)


def _grid_faults(membrane_bits: int | None, copy_every: int) -> Iterator[Fault]:
    bits = 1 if membrane_bits is None else membrane_bits
    for name, value, most in (("membrane_bits", bits, 32), ("copy_every", copy_every, 1 << 20)):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            yield Fault(f"{shown(value)} must be a whole number from 1 to {most}", path=name)


def _runner(scheduler: str | None) -> Callable[[Model, Iterable[Part], Workers], Iterator[Inferred]]:
    """What runs parts: this process, or the cluster of `scheduler`. Raises InputError if it cannot be had."""
    if scheduler is None:
        return run_here
    if not isinstance(scheduler, str):
        raise InputError(Fault(f"{shown(scheduler)} must be an address, such as tcp://host:8786", path="scheduler"))
    try:
        from lifsim.batches.dask import run_on_cluster
    except ImportError:
        raise InputError(Fault("needs Dask: pip install 'lifsim[distributed]'", path="scheduler")) from None
    return lambda model, todo, _: run_on_cluster(model, todo, scheduler)


def _together(model: Model, count: int, done: Iterable[Inferred]) -> Inference:
    """The parts of all `count` images as one."""
    lifs = [] if model.counts_only else model.network.lifs
    spikes = {lif.name: np.empty((lif.output.timesteps, count, *lif.output.shape), bool) for lif in lifs}
    outputs, counts, membranes = list[Array](), list[Mapping[str, Array]](), list[Mapping[str, Array]]()
    for part in done:
        part.put_spikes(spikes)
        outputs.append(part.outputs)
        counts.append(part.counts)
        membranes.append(part.membranes)
    return Inference(np.concatenate(outputs, axis=1), spikes, _joined(membranes, 0), _joined(counts, 1))


def _joined(parts: Sequence[Mapping[str, Array]], axis: int) -> dict[str, Array]:
    """One behind the other along `axis`, by names."""
    return {name: np.concatenate([part[name] for part in parts], axis=axis) for name in parts[0]}
