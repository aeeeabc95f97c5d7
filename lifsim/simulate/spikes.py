"""The spikes of a run: from a trace file, or synthesised at the workload's rates; as work per output pixel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lifsim.config.network import Network
from lifsim.errors import Fault, InputError
from lifsim.simulate.options import Options
from lifsim.simulate.spike_work import Ones, spike_work
from lifsim.trace.opening import open_trace
from lifsim.trace.source import Trace
from lifsim.trace.synthesise import analogue_layers, synthesise


@dataclass(frozen=True)
class SpikeProvenance:
    """Where the spikes came from.

    kind: "trace" or "rates". source: for people. measured: whether a network fired them, or at least their rates.
    recorded_under: the sharing of the network that fired them. sha256: of the trace file. images: that it holds.
    """

    kind: str
    source: str
    measured: bool
    recorded_under: str | None = None
    sha256: str | None = None
    images: int | None = None


@dataclass(frozen=True)
class Spikes:
    """ones: per weight layer (see `spike_work`)."""

    batch: int
    ones: tuple[Ones, ...]
    provenance: SpikeProvenance


def read_spikes(network: Network, options: Options) -> Spikes:
    """The spikes that `options` and `network` name. Raises InputError where a trace does not fit."""
    path = options.trace or network.spikes.trace
    if path is not None:
        return _from_trace(network, path, options.batch)
    batch = options.batch or 1
    rates = network.spikes
    if rates.source == "engine" and len(analogue_layers(network)) < len(network.layers):
        record = f"lifsim trace record --workload {network.name} --out FILE"
        rule = f"'engine' must be run first: {record}, then --trace FILE; or state spikes.rates"
        raise InputError(Fault(rule, path="spikes.source"))
    with synthesise(network, batch, options.seed) as trace:
        provenance = SpikeProvenance("rates", rates.provenance, rates.measured)
        return Spikes(batch, spike_work(network, trace, batch), provenance)


def _from_trace(network: Network, path: Path, batch: int | None) -> Spikes:
    with open_trace(path, network) as trace:
        images = _batch(trace, batch, path)
        source = trace.provenance or path.name
        provenance = SpikeProvenance("trace", source, trace.is_recorded, trace.sharing, _sha256(path), trace.batch)
        return Spikes(images, spike_work(network, trace, images), provenance)


def _batch(trace: Trace, asked: int | None, path: Path) -> int:
    if asked is not None and 1 < trace.batch < asked:
        raise InputError(Fault(f"{asked} must be at most the {trace.batch} images of {path}", path="batch"))
    return asked or trace.batch


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
