"""Turns a request into a checked plan: all files are read and every axis is checked before the first run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lifsim.config.device import KEY as DEVICE
from lifsim.config.device import device_name, read_device, unread_faults, with_device
from lifsim.config.document import Document, Mark, read_document
from lifsim.config.given_rates import Replaced, rate_words
from lifsim.config.overrides import override
from lifsim.config.resolve import find
from lifsim.config.validate import examine, parse_model
from lifsim.config.workload import network_of, read_workload
from lifsim.config.workload_schema import Workload, schema_for
from lifsim.errors import Fault, InputError, collecting, did_you_mean
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.regular_file import open_regular
from lifsim.simulate.inputs import settings_faults, split_overrides
from lifsim.simulate.options import Options
from lifsim.simulate.resolved import MODEL_VERSION, sha256_of
from lifsim.sweeps.request import Request
from lifsim.sweeps.space import Axis, Space, chosen_points
from lifsim.sweeps.unread import unread_everywhere
from lifsim.sweeps.values import Listed, Values, judged_values, parse_values, setting
from lifsim.trace.opening import open_trace

NAMES = ("workload", "arch", "sharing")
"""Axes that every sweep has."""


@dataclass(frozen=True)
class Job:
    """Everything that a worker on any machine needs to run any point of `space`. settings: those of `set` that concern
    architectures. devices: the DRAM devices that the architectures or an axis name. files: the SHA-256 of each trace,
    by its path."""

    space: Space
    archs: Mapping[str, Document]
    settings: Sequence[str]
    devices: Mapping[str, Document]
    workloads: Mapping[str, Document]
    files: Mapping[str, str]

    def description(self) -> dict[str, Any]:
        """What identifies this sweep, readable for people; a store is compared by it."""
        return {
            "model version": MODEL_VERSION,
            **{f"axis {axis.key}": str(axis.values) for axis in self.space.axes},
            "architecture settings": " ".join(self.settings),
            **{f"architecture {name}": sha256_of(file.data) for name, file in self.archs.items()},
            **{f"DRAM {name}": sha256_of(file.data) for name, file in self.devices.items()},
            **{f"workload {name}": sha256_of(file.data) for name, file in self.workloads.items()},
            **{f"file {Path(path).name}": sha256 for path, sha256 in self.files.items()},
        }

    def network(self, workload: str) -> Network:
        """One of `workloads`, without the values of any axis except those that replace its spike rates. Raises
        InputError if the workload is complete only with the value of an axis."""
        return network_of(self.workloads[workload], self._replaced)

    @property
    def _replaced(self) -> Replaced:
        """Which spike rates of the workload no point reads, because an option replaces them."""
        axes = {axis.key: axis.values for axis in self.space.axes}
        rate = str(axes["rate"][0]) if "rate" in axes else ""
        return Replaced.by(rate_words(rate), all_of_them="trace" in axes)

    def key_of(self, point: int) -> str:
        """The hash of a point whose inputs are not valid: of its values as they were asked for."""
        return sha256_of({"job": self.description(), "values": self.space.at(point)})


@dataclass(frozen=True)
class Plan:
    """A job, and those of its points that are to be run, in order."""

    job: Job
    points: Sequence[int]


def plan(request: Request) -> Plan:
    """The job with all of its points, or with the sample of them. Raises InputError with every fault, also if there are
    too many points."""
    job = job_of(request, seeded=request.asked.sample is not None)
    return Plan(job, chosen_points(job.space, request.asked.sample, request.asked.seed or 0))


def job_of(request: Request, *, seeded: bool = True) -> Job:
    """Read every file and check every axis. seeded: whether the seed also chooses the points. Raises InputError with
    every fault."""
    faults: list[Fault] = []
    for_arch, for_workload = split_overrides(request.overrides, faults)
    archs, workloads = _archs(request, for_arch, faults), _workloads(request, for_workload, faults)
    axes = _axes(request, faults)
    devices = _devices(axes, [override(file, for_arch) for file in archs.values()])
    space = Space(tuple(Axis(key, values) for key, values in axes.items()))
    files = _hashes(_traces(axes, workloads), faults)
    job = Job(space, archs, for_arch, devices, workloads, files)
    for key, values in axes.items():
        if key not in NAMES:
            faults += _axis_faults(key, values, job, request)
    faults += _unread_faults(job)
    faults += unread_everywhere(job, request, seeded=seeded) if "sharing" in axes else ()
    if faults:
        raise InputError(dict.fromkeys(map(request.placed, faults)))
    return job


def _unread_faults(job: Job) -> list[Fault]:
    """Faults of settings and axes of the memory that no architecture reads; none if an axis chooses its model."""
    axes = [setting(axis.key, axis.values[0]) for axis in job.space.axes if axis.key.startswith("dram.")]
    if any(one.startswith("dram.model=") for one in axes) or not job.archs:
        return []
    settings = [*job.settings, *axes]
    found = [unread_faults(override(file, settings), settings) for file in job.archs.values()]
    return [fault for fault in found[0] if all(fault.source in {one.source for one in others} for others in found)]


def _archs(request: Request, settings: Sequence[str], faults: list[Fault]) -> dict[str, Document]:
    """The documents of the architectures, checked key by key with `settings` and their devices."""
    archs: dict[str, Document] = {}
    known = request.files.get("arch", {})
    for name in request.archs:
        with collecting(faults):
            archs[name] = known[name] if name in known else read_document(find("arch", name))
            parse_model(Arch, with_device(archs[name], settings, {}), keys_alone=True)
    if not archs:
        faults += settings_faults(settings)
    return archs


def _workloads(request: Request, settings: Sequence[str], faults: list[Fault]) -> dict[str, Document]:
    """The documents of the workloads with `settings` applied, checked key by key."""
    workloads: dict[str, Document] = {}
    known = request.files.get("workload", {})
    for name in request.asked.workload:
        with collecting(faults):
            workloads[name] = override(known[name] if name in known else read_workload(name), settings)
            parse_model(schema_for(workloads[name].data), workloads[name], keys_alone=True)
    return workloads


def _axes(request: Request, faults: list[Fault]) -> dict[str, Values]:
    """The axes from the slowest to the fastest: those that are most expensive to change come first."""
    sharings = list(request.asked.sharing)
    for place, text in enumerate(sharings):
        with collecting(faults):
            sharing = Sharing.parse(text)
            sharings[place] = str(sharing.where_it_fits() if request.asked.share_where_possible else sharing)
    given: dict[str, object] = {
        "workload": list(request.asked.workload),
        **request.options,
        "arch": list(request.archs),
        "sharing": sharings,
    }
    axes: dict[str, Values] = {}
    for key, values in [*given.items(), *request.vary]:
        if key in axes:
            faults.append(request.fault(key, f"must be given once, as --{key.partition('.')[0]} or as --vary"))
        try:
            axes[key] = parse_values(key, values)
        except InputError as error:
            faults += [request.fault(key, fault.message) for fault in error.faults]
    return axes


def _devices(axes: Mapping[str, Values], archs: Iterable[Document]) -> dict[str, Document]:
    """The DRAM devices that `archs` or an axis name. One that cannot be read is reported only if it is simulated."""
    varied = axes.get(DEVICE)
    names = [*map(device_name, archs), *(varied.values if isinstance(varied, Listed) else ())]
    devices = {}
    for name in names:
        with suppress(InputError):
            if isinstance(name, str):
                devices[name] = read_device(name)
    return devices


def _traces(axes: Mapping[str, Values], workloads: Mapping[str, Document]) -> Iterator[Path]:
    """The trace files that the options or the workloads name."""
    given = axes.get("trace")
    if isinstance(given, Listed):
        yield from (Path(str(path)) for path in given.values)
        return
    named = axes.get("spikes.trace")
    settings = [setting("spikes.trace", value) for value in named.values] if isinstance(named, Listed) else []
    for file in workloads.values():
        for document in [override(file, [one]) for one in settings] or [file]:
            with suppress(InputError):  # it may be whole only with the values of an axis
                trace = network_of(document).spikes.trace
                if trace is not None:
                    yield trace


def _hashes(traces: Iterable[Path], faults: list[Fault]) -> dict[str, str]:
    """The SHA-256 of every trace. Its header is checked first, because a bad file may be of any length."""
    found = {}
    for path in traces:
        try:
            open_trace(path).close()
            with open_regular(path) as file:
                found[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            faults.append(Fault(f"cannot be read: {error.strerror}", source=str(path)))
        except InputError as error:
            faults += error.faults
    return found


def _axis_faults(key: str, values: Values, job: Job, request: Request) -> list[Fault]:
    """The faults that the schemas find in single values of an axis."""
    judged = judged_values(values)
    faults: list[Fault] = []
    if key in Options.model_fields:
        found = [examine(Options, Document("", {key: value}, {(): Mark("")}), keys_alone=True) for value in judged]
        return [request.fault(key, fault.message) for one in found for fault in one.faults]
    settings = [setting(key, value) for value in judged]
    of_arch, of_workload = split_overrides(settings[:1], faults)
    if not of_arch and not of_workload:
        first = key.partition(".")[0]
        hint = did_you_mean(first, [*Options.model_fields, *Arch.model_fields, *Workload.model_fields])
        return [request.fault(key, f"{first!r} must be an option of a run or a key of an input file{hint}")]
    for one in settings:
        for file in job.archs.values() if of_arch else ():
            with collecting(faults):
                parse_model(Arch, with_device(file, [*job.settings, one], job.devices), keys_alone=True)
        for file in job.workloads.values() if of_workload else ():
            with collecting(faults):
                changed = override(file, [one])
                parse_model(schema_for(changed.data), changed, keys_alone=True)
    judged_files = [device.source for device in job.devices.values()] if key == DEVICE else []
    return [fault for fault in faults if fault.source in (f"--set {key}", *judged_files)]
