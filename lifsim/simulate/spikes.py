"""The spikes of a run: from a trace, from the engine, or synthesised at the workload's rates; as work per pixel."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.errors import Fault, InputError
from lifsim.hardware.array import Kept, Sparsity
from lifsim.regular_file import open_regular
from lifsim.scratch import ScratchFolder
from lifsim.simulate.options import Options
from lifsim.simulate.spike_work import spike_work
from lifsim.trace.opening import open_trace
from lifsim.trace.source import Trace
from lifsim.trace.synthesise import synthesise
from lifsim.watch import Watch, unwatched


@dataclass(frozen=True)
class SpikeProvenance:
    """Where the spikes came from.

    kind: "trace", "engine" or "rates". source: for people. measured: whether a network fired them, of an engine one
    with trained weights, or at least their rates. recorded_under: the sharing of the network that fired them. sha256:
    of the trace file. images: that it holds.
    """

    kind: str
    source: str
    measured: bool
    recorded_under: str | None = None
    sha256: str | None = None
    images: int | None = None


@dataclass(frozen=True)
class Spikes:
    """kept: per weight layer, what a sparsity must know of them."""

    batch: int
    kept: tuple[Kept, ...]
    provenance: SpikeProvenance


def fires_own(network: Network, options: Options) -> bool:
    """Whether the spikes are the engine's, other ones under every sharing."""
    unnamed = options.trace is None and network.spikes.source == "engine"
    return options.spikes == "engine" or unnamed


def read_spikes(
    network: Network, sharing: Sharing, options: Options, sparsity: Sparsity, watch: Watch = unwatched
) -> Spikes:
    """What `sparsity` must know of the spikes that `options` and `network` name. Raises InputError where a trace does
    not fit."""
    if fires_own(network, options):
        return _from_engine(network, sharing, options, sparsity, watch)
    path = options.trace or network.spikes.trace
    if path is not None:
        return _from_trace(network, path, options.batch, sparsity, watch)
    batch = options.batch or 1
    rates = network.spikes
    with synthesise(network, batch, options.seed) as trace:
        provenance = SpikeProvenance("rates", rates.provenance, rates.measured)
        return Spikes(batch, spike_work(network, trace, batch, sparsity, watch), provenance)


def _from_trace(network: Network, path: Path, batch: int | None, sparsity: Sparsity, watch: Watch) -> Spikes:
    with open_trace(path, network) as trace:
        images = _batch(trace, batch, path)
        source = trace.provenance or path.name
        provenance = SpikeProvenance("trace", source, trace.is_recorded, trace.sharing, _sha256(path), trace.batch)
        return Spikes(images, spike_work(network, trace, images, sparsity, watch), provenance)


def _from_engine(network: Network, sharing: Sharing, options: Options, sparsity: Sparsity, watch: Watch) -> Spikes:
    """What the network fires under `sharing`. Its trace lives no longer than this."""
    from lifsim.engine.record import Source, record_spikes

    if options.weights is None and not network.spikes.rates:
        train = f"lifsim train --workload {network.name} --out FILE, then --weights FILE"
        raise InputError(Fault(f"must be given, for there are no rates to calibrate to: {train}", path="weights"))
    source = Source(options.weights or "calibrated", options.images or "random", options.batch, options.seed)
    with ScratchFolder(Path(tempfile.gettempdir()), "engine") as scratch:
        path = scratch.path / "engine.npz"
        record_spikes(network, sharing, source, path, watch=watch)
        spikes = _from_trace(network, path, options.batch, sparsity, watch)
    trained = source.weights != "calibrated"
    return replace(spikes, provenance=replace(spikes.provenance, kind="engine", measured=trained))


def _batch(trace: Trace, asked: int | None, path: Path) -> int:
    if asked is not None and 1 < trace.batch < asked:
        raise InputError(Fault(f"{asked} must be at most the {trace.batch} images of {path}", path="batch"))
    return asked or trace.batch


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
