"""The spikes of a run, from a trace, from the engine, or synthesised at the workload's rates, as work per pixel."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lifsim.config.given_rates import WAYS_TO_SPIKES, at_given_rates
from lifsim.config.rates import scaled as at_scale
from lifsim.errors import Fault, InputError, collecting
from lifsim.hardware.array import AnalogueMaps, Kept, Sparsity
from lifsim.hardware.array.sparsity import SpikeMaps
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Network
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.regular_file import open_regular
from lifsim.room import require_memory
from lifsim.schedule.tensors.products import input_map_of
from lifsim.scratch import ScratchFolder
from lifsim.simulate.exits import EarlyExits, exit_faults, exits_of, when_sure
from lifsim.simulate.options import CALIBRATED, Options
from lifsim.trace.draws import WAITING_BYTES, waiting_bytes
from lifsim.trace.opening import open_trace
from lifsim.trace.source import LayerSpikes, Trace, image_chunks
from lifsim.trace.synthesise import synthesise_each
from lifsim.units import counted
from lifsim.watch import Tally, Watch, unwatched


@dataclass(frozen=True)
class SpikeProvenance:
    """Where the spikes came from.

    kind: "trace", "engine" or "rates". source: in words. measured: whether a network fired them (in the engine, with
    trained weights), or at least their rates were measured. recorded_under: the sharing of the network that fired them.
    sha256: of the trace file. images: how many it holds.
    """

    kind: Literal["trace", "engine", "rates"]
    source: str
    measured: bool
    recorded_under: str | None = None
    sha256: str | None = None
    images: int | None = None


@dataclass(frozen=True)
class Spikes:
    """kept: per weight layer, what the sparsity keeps of them. exits: when images exit, None: after all timesteps."""

    batch: int
    kept: tuple[Kept, ...]
    provenance: SpikeProvenance
    exits: EarlyExits | None = None


def fires_own(network: Network, options: Options) -> bool:
    """Whether the engine computes the spikes, which then differ between sharings."""
    unnamed = options.trace is None and options.rate is None and network.spikes.source == "engine"
    return options.spikes == "engine" or unnamed


def trace_of(network: Network, options: Options) -> Path | None:
    """The trace that the spikes are read from; None if they are computed or drawn."""
    drawn = options.rate is not None or options.spikes == "engine"
    return options.trace or (None if drawn else network.spikes.trace)


def images_of(network: Network, options: Options) -> int:
    """Images of a run. Raises InputError if its trace cannot be read or holds fewer."""
    path = trace_of(network, options)
    if path is None:
        return options.batch_of()
    with open_trace(path, network) as trace:
        return _batch(trace, options, path)


def missing_spikes(network: Network, options: Options) -> list[Fault]:
    """The fault if nothing says where the spikes come from."""
    stated = options.rate is not None or bool(network.spikes.rates)
    if not fires_own(network, options) or stated or options.weights not in (None, CALIBRATED):
        return []
    return [Fault(f"must have a source: {network.name} states no rates; {WAYS_TO_SPIKES}", path="spikes")]


def spike_faults(network: Network, options: Options) -> list[Fault]:
    """Faults of the source of spikes: a trace that cannot be read or does not fit, or a network that the engine cannot
    run or calibrate."""
    faults: list[Fault] = []
    if fires_own(network, options):
        from lifsim.engine.calibration import calibration_faults
        from lifsim.engine.inference import network_faults

        stated = network.spikes.rates and options.weights in (None, CALIBRATED)
        return calibration_faults(network) if stated else network_faults(network)
    path = trace_of(network, options)
    if path is not None:
        with collecting(faults):
            open_trace(path, network).close()
    return faults


def read_spikes(
    network: Network, sharing: Sharing, options: Options, sparsity: Sparsity, watch: Watch = unwatched
) -> Spikes:
    """What `sparsity` keeps of the spikes that `options` and `network` name. Raises InputError if a trace does not
    fit."""
    path, network = trace_of(network, options), _at_given_rates(network, options)
    if options.rates_scale != 1 and (path is not None or fires_own(network, options)):
        raise InputError(Fault("must be 1 where spikes are not drawn at the workload's rates", path="rates_scale"))
    if fires_own(network, options):
        return _from_engine(network, sharing, options, sparsity, watch)
    if path is not None:
        return _from_trace(network, path, options, sparsity, watch)
    return drawn_spikes(network, options, [options.rates_scale], sparsity, watch)[0]


def drawn_spikes(
    network: Network, options: Options, scales: Sequence[float], sparsity: Sparsity, watch: Watch = unwatched
) -> list[Spikes]:
    """Spikes at the rates of `network` times each of `scales`, whatever scale `options` have, all from the same random
    draws, which takes little longer than one set. Raises InputError as `read_spikes` does."""
    network = _at_given_rates(network, options)
    batch, rates = options.batch_of(), network.spikes
    exits = _exits(network, options, batch)
    traces = synthesise_each([_scaled(network, scale) for scale in scales], batch, options.seed)
    provenance = SpikeProvenance("rates", rates.provenance, rates.measured)
    works = work_of_each(network, traces, batch, sparsity, watch)
    return [Spikes(batch, kept, provenance, exits) for kept in works]


def drawn_together(network: Network, options: Options, scales: int) -> bool:
    """Whether spikes are drawn at unmeasured rates and are few enough to be drawn at all `scales` at once. A large
    batch draws them again instead, so that it does not hold the work of several batches."""
    if trace_of(network, options) is not None or fires_own(network, options):
        return False
    most = max((one.tensor.timesteps * prod(one.shape) for one in network.traced), default=0)
    is_assumed = not at_given_rates(network, options.rate).spikes.measured
    return is_assumed and waiting_bytes(options.batch_of() * most, scales) <= WAITING_BYTES


def _at_given_rates(network: Network, options: Options) -> Network:
    """Raises InputError if spikes have no source, or one that contradicts `options`."""
    network = at_given_rates(network, options.rate)
    if faults := missing_spikes(network, options):
        raise InputError(faults)
    if options.exit_confidence is not None and not fires_own(network, options):
        raise InputError(Fault(NO_ANSWERS, path="exit_confidence"))
    return network


NO_ANSWERS = "must go with spikes engine, which alone has answers to be sure of (--spikes engine, or --exit-steps)"


def _exits(network: Network, options: Options, batch: int) -> EarlyExits | None:
    """The exits that `options` give. Raises InputError if the network or the batch cannot have them."""
    if faults := list(exit_faults(network, options, batch)):
        raise InputError(faults)
    return exits_of(options, batch, network.timesteps)


def at_its_rates(network: Network, options: Options) -> Network:
    """`network` at the rates that `options` ask for."""
    return _scaled(at_given_rates(network, options.rate), options.rates_scale)


def _scaled(network: Network, scale: float) -> Network:
    return network if scale == 1 else replace(network, spikes=at_scale(network.spikes, scale))


def _from_trace(network: Network, path: Path, options: Options, sparsity: Sparsity, watch: Watch) -> Spikes:
    with open_trace(path, network) as trace:
        images = _batch(trace, options, path)
        exits = _exits(network, options, images)
        source = trace.provenance or path.name
        provenance = SpikeProvenance("trace", source, trace.is_recorded, trace.sharing, _sha256(path), trace.batch)
        return Spikes(images, spike_work(network, trace, images, sparsity, watch), provenance, exits)


def _from_engine(network: Network, sharing: Sharing, options: Options, sparsity: Sparsity, watch: Watch) -> Spikes:
    """The spikes that the network fires under `sharing`. Their trace is deleted before this returns."""
    from lifsim.engine.record import Source, labels_of, record_spikes

    if faults := list(exit_faults(network, options, options.batch)):
        raise InputError(faults)
    named = options.weights or CALIBRATED, options.images or "random"
    source = Source(*named, options.batch, options.seed, usual=options.batch_of())
    answers = list[NDArray[Any]]()
    with ScratchFolder(Path(tempfile.gettempdir()), "engine") as scratch:
        path = scratch.path / "engine.npz"
        record_spikes(network, sharing, source, path, watch=watch, answered=answers.append)
        spikes = _from_trace(network, path, options, sparsity, watch)
    exits = spikes.exits
    if options.exit_confidence is not None:
        outputs = np.concatenate(answers, axis=1)[:, : spikes.batch]
        exits = when_sure(outputs, options.exit_confidence, labels_of(source, spikes.batch))
    trained = source.weights != CALIBRATED
    return replace(spikes, provenance=replace(spikes.provenance, kind="engine", measured=trained), exits=exits)


def _batch(trace: Trace, options: Options, path: Path) -> int:
    asked = options.batch_of(trace.batch)
    if 1 < trace.batch < asked:
        raise InputError(Fault(f"{asked} must be at most the {counted(trace.batch, 'image')} of {path}", path="batch"))
    return asked


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def spike_work(
    network: Network, trace: Trace, batch: int, sparsity: Sparsity, watch: Watch = unwatched
) -> tuple[Kept, ...]:
    """What the sparsity keeps of every layer for the first `batch` images of a trace that fits `network`. Raises
    InputError if that needs more memory than this machine has."""
    return work_of_each(network, [trace], batch, sparsity, watch)[0]


def work_of_each(
    network: Network, traces: Sequence[Trace], batch: int, sparsity: Sparsity, watch: Watch = unwatched
) -> list[tuple[Kept, ...]]:
    """As `spike_work`, for several traces: layer by layer, so that their common parts are still in memory."""
    operands = [iter(trace.layers) for trace in traces]
    layers = [(layer, [[next(one) for _ in layer.traced] for one in operands]) for layer in network.layers]
    for layer in network.layers:
        sparsity.require(input_map_of(layer))
    drawn = [(layer, each) for layer, each in layers if not layer.sees_image]
    kept_bytes = len(traces) * sum(layer.rounds * sparsity.kept_bytes(input_map_of(layer)) for layer, _ in drawn)
    require_memory(batch * kept_bytes, f"the work of {counted(batch, 'image')}", "batch")
    read = sum(layer.rounds * min(batch, one.shape[1]) * one.neurons for layer, each in drawn for one, *_ in each)
    tally = Tally(watch, "spikes", read)
    kept = [[_kept(network, layer, one, batch, sparsity, tally) for one in each] for layer, each in layers]
    return list(zip(*kept, strict=True))


def _kept(
    network: Network, layer: Layer, operands: Sequence[LayerSpikes], batch: int, sparsity: Sparsity, tally: Tally
) -> Kept:
    kept = sparsity.keep(input_map_of(layer), _maps(layer, operands[0], tally), batch, layer.rounds)
    if layer.operand is None:
        return kept
    return replace(kept, ones_in_both=_ones_in_both(network, layer, operands, batch))


def _ones_in_both(network: Network, layer: Layer, operands: Sequence[LayerSpikes], batch: int) -> NDArray[np.int64]:
    """[B, rounds] products whose factors are both ones."""
    product = network.node(layer.name)
    if not isinstance(product, Product):
        raise TypeError(f"{layer.name} must be a layer of the array")
    stored = min(batch, max(one.shape[1] for one in operands))
    found = np.empty((stored, layer.rounds), np.int64)
    for first, last in image_chunks(stored, sum(one.neurons for one in operands)):
        for timestep in range(layer.rounds):
            maps = (
                one.read(timestep, first, last).reshape(last - first, *traced.map_shape)
                for one, traced in zip(operands, layer.traced, strict=True)
            )
            found[first:last, timestep] = product.ones_in_both(*maps)
    return found if stored == batch else np.broadcast_to(found[:1], (batch, layer.rounds))


def _maps(layer: Layer, spikes: LayerSpikes, tally: Tally) -> SpikeMaps:
    return AnalogueMaps(layer.in_shape) if layer.sees_image else _Stored(layer.in_shape, spikes, tally)


@dataclass(frozen=True)
class _Stored:
    """Spikes of a trace, as the input maps of a layer."""

    shape: tuple[int, int, int]
    spikes: LayerSpikes
    tally: Tally

    @property
    def images(self) -> int:
        return self.spikes.shape[1]

    def read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        maps = self.spikes.read(timestep, first, last).reshape(last - first, *self.shape)
        self.tally.add(maps.size)
        return maps

    def read_parts(self, timestep: int, first: int, last: int) -> Iterator[NDArray[np.uint8]]:
        for part in self.spikes.read_parts(timestep, first, last, prod(self.shape[1:])):
            self.tally.add(part.size)
            yield part.reshape(last - first, -1, *self.shape[1:])
