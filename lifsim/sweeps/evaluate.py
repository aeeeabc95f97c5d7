"""Runs the points of a sweep in the process that simulates them. What points have in common is computed once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from lifsim.config.arch import parse_arch
from lifsim.config.given_rates import Replaced
from lifsim.config.origins import Origins, Sourced
from lifsim.config.overrides import override
from lifsim.errors import Fault, InputError
from lifsim.graph.states import states_of
from lifsim.hardware.array import SPARSITIES
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Shared, bytes_of_arrays
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.registry import blamed
from lifsim.simulate.inputs import Inputs, sourced_network, split_overrides
from lifsim.simulate.options import Options, heard, options_of, replaced_rates
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.resolved import MODEL_VERSION, resolved_arch, sha256_of_texts, text_of
from lifsim.simulate.spikes import Spikes, fires_own, read_spikes, trace_of
from lifsim.sweeps.arch_parts import ArchParts
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job
from lifsim.sweeps.values import Value, setting

HEARD_BYTES = 1 << 26
"""Bytes of spikes of which results are kept: they hold these, and are all dropped when more were read."""


@dataclass(frozen=True)
class Settings:
    """The values of one point, sorted by what they set: architecture, workload, sharing or options."""

    arch: str
    arch_overrides: tuple[str, ...]
    workload: str
    workload_overrides: tuple[str, ...]
    sharing: str
    options: Options

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> Settings:
        """Raises InputError if a value is not valid for its option, or its key belongs to no file and no option."""
        named = {"arch", "workload", "sharing", *Options.model_fields}
        overrides = [setting(key, value) for key, value in values.items() if key not in named]
        faults: list[Fault] = []
        for_arch, for_workload = split_overrides(overrides, faults)
        if faults:
            raise InputError(faults)
        return cls(
            arch=str(values["arch"]),
            arch_overrides=tuple(for_arch),
            workload=str(values["workload"]),
            workload_overrides=tuple(for_workload),
            sharing=str(values["sharing"]),
            options=options_of({key: values[key] for key in Options.model_fields if key in values}),
        )


class Evaluator:
    """Runs points of `job`. paths: where the files of the job are here, by the paths that it names, if elsewhere.

    For one thread of one process.
    """

    def __init__(self, job: Job, paths: Mapping[str, Path] | None = None) -> None:
        self._job = job
        self._paths = paths or {}
        self._arch = lru_cache(256)(self._parse_arch)
        self._arch_parts = {name: ArchParts(partial(self._read_arch, name)) for name in job.archs}
        self._network = lru_cache(16)(self._parse_network)
        self._workload = lru_cache(16)(self._workload_text)
        self._spikes = lru_cache(4)(self._read_spikes)
        self._shared, self._heard_bytes = Shared(), 0
        self._states = lru_cache(64)(states_of)

    def outcome(self, point: int) -> Outcome:
        """Run `point`. A failure of any kind becomes the error of the outcome and is never raised."""
        began = time.perf_counter()
        found = self._run(point)
        return replace(found, seconds=time.perf_counter() - began)

    def _run(self, point: int) -> Outcome:
        key = ""
        try:
            settings = Settings.of(self._job.space.at(point))
            inputs = self.inputs(settings)
            spikes = self._spikes(
                settings.workload,
                settings.workload_overrides,
                self._fired(inputs),
                heard(settings.options),
                inputs.arch.array.sparsity,
            )
            key = self._key(settings, inputs, spikes)
            with self._telling(settings):
                result = simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, self._shared)
            return Outcome(point, key, result.totals.figures)
        except InputError as error:
            why = "; ".join(map(str, error.faults))
        except Exception as error:  # a fault of LIFSim at one point must not lose the others
            why = str(blamed(error) or f"internal error: {type(error).__name__}: {error}")
        return Outcome(point, key or self._job.key_of(point), None, why)

    def inputs(self, settings: Settings) -> Inputs:
        """The inputs that `settings` describe. Raises InputError if they contradict each other."""
        network = self._network(settings.workload, settings.workload_overrides, replaced_rates(settings.options))
        sharing = Sharing.parse(settings.sharing)
        with Origins(workload=network.document).telling():
            self._states(network.what, sharing)
        arch = self._arch(settings.arch, settings.arch_overrides)
        return Inputs(arch, network.what, sharing, settings.options)

    @contextmanager
    def _telling(self, settings: Settings) -> Iterator[None]:
        """Adds to faults raised inside where their keys stand in the files of `settings`. The places are looked up only
        then, since most points raise no fault."""
        try:
            yield
        except InputError as error:
            overrides = (*self._job.settings, *settings.arch_overrides)
            arch = override(self._job.archs[settings.arch], overrides)
            workload = override(self._job.workloads[settings.workload], settings.workload_overrides)
            raise InputError(map(Origins(arch, workload).placed, error.faults)) from None

    def _parse_arch(self, name: str, overrides: tuple[str, ...]) -> Arch:
        return self._arch_parts[name].of(overrides)

    def _read_arch(self, name: str, overrides: tuple[str, ...]) -> Arch:
        return parse_arch(self._job.archs[name], (*self._job.settings, *overrides), self._job.devices)

    def _parse_network(self, name: str, overrides: tuple[str, ...], replaced: Replaced) -> Sourced[Network]:
        return sourced_network(override(self._job.workloads[name], overrides), replaced)

    def _key(self, settings: Settings, inputs: Inputs, spikes: Spikes) -> str:
        """The hash of everything that determines the figures. A trace counts by its content, not by its path."""
        options = inputs.options.model_copy(update={"trace": None})
        told = {
            "arch": resolved_arch(inputs.arch),
            "sharing": str(inputs.sharing),
            "options": options.tree(),
            "trace": spikes.provenance.sha256,
            "model_version": MODEL_VERSION,
        }
        workload = self._workload(settings.workload, settings.workload_overrides, replaced_rates(settings.options))
        return sha256_of_texts({"workload": workload} | {name: text_of(each) for name, each in told.items()})

    def _workload_text(self, name: str, overrides: tuple[str, ...], replaced: Replaced) -> str:
        """The network as the text of a workload file."""
        return text_of(dict(self._network(name, overrides, replaced).what.definition))

    def _fired(self, inputs: Inputs) -> Sharing:
        """The sharing under which spikes are read. It matters only if the engine fires them; otherwise it is always
        the same, so that the spikes are read once."""
        return inputs.sharing if fires_own(inputs.network, inputs.options) else Sharing()

    def _read_spikes(
        self, workload: str, overrides: tuple[str, ...], sharing: Sharing, options: Options, sparsity: str
    ) -> Spikes:
        spikes = self._spikes_of(workload, overrides, sharing, options, sparsity)
        size = bytes_of_arrays(spikes)
        self._heard_bytes += size
        if self._heard_bytes > HEARD_BYTES:
            self._shared, self._heard_bytes = Shared(), size
        return spikes

    def _spikes_of(
        self, workload: str, overrides: tuple[str, ...], sharing: Sharing, options: Options, sparsity: str
    ) -> Spikes:
        network = self._network(workload, overrides, replaced_rates(options)).what
        trace = trace_of(network, options)
        if trace is None:
            return read_spikes(network, sharing, options, SPARSITIES[sparsity])
        here = options.model_copy(update={"trace": self._paths.get(str(trace), trace)})
        spikes = read_spikes(network, sharing, here, SPARSITIES[sparsity])
        if spikes.provenance.sha256 != self._job.files.get(str(trace), spikes.provenance.sha256):
            raise InputError(Fault("must not change while the sweep runs", source=str(trace)))
        return spikes
