"""What the points of a sweep assume about their machines, and where these machines are not comparable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from lifsim.accounting.basis import ONLY_SRAM_FOLLOWS, nodes_of, stretched
from lifsim.config.arch import parse_arch
from lifsim.errors import Fault, InputError
from lifsim.model.arch import Arch
from lifsim.simulate.options import Options
from lifsim.sweeps.fewer_units import SHARING, fewer_units
from lifsim.sweeps.plan import NAMES, Job
from lifsim.sweeps.values import judged_values, setting

NODE = "technology_nm"


def assumptions(job: Job) -> tuple[str, ...]:
    """A line each: SRAMs of several nodes, sharings that leave fewer LIF units, prices beyond their sources. Of
    architectures every value of an axis is looked at by itself, of a range its ends."""
    machines = list(_machines(job))
    nodes = {arch.technology_nm for arch in machines}
    across = [f"SRAMs of {nodes_of(nodes)}: {ONLY_SRAM_FOLLOWS}"] if len(nodes) > 1 else []
    return tuple(dict.fromkeys([*across, *_fewer_units(job), *(line for arch in machines for line in stretched(arch))]))


def _fewer_units(job: Job) -> Iterator[str]:
    """The warning that sharings with different numbers of channel groups differ in more than sharing."""
    (axis,) = (axis for axis in job.space.axes if axis.key == SHARING)
    if said := fewer_units(axis.values[place] for place in range(axis.values.count)):
        yield said


def require_one_node(job: Job) -> None:
    """Raises InputError where the machines of `job` have SRAMs of several nodes: a rank among them would be one of
    SRAM tables."""
    nodes = {arch.technology_nm for arch in _machines(job)}
    if len(nodes) > 1:
        rule = f"{nodes_of(nodes)} must be one node to be ranked: {ONLY_SRAM_FOLLOWS}"
        raise InputError(Fault(f"{rule} (--across-nodes ranks them all the same)", path=NODE))


def _machines(job: Job) -> Iterator[Arch]:
    """Those that can be: each architecture with the first values of all axes, and with another one of one axis."""
    for document in job.archs.values():
        for settings in _changes(job):
            with suppress(InputError):
                yield parse_arch(document, [*job.settings, *settings], job.devices)


def _changes(job: Job) -> Iterator[list[str]]:
    axes = [axis for axis in job.space.axes if axis.key not in (*NAMES, *Options.model_fields)]
    first = {axis.key: setting(axis.key, axis.values[0]) for axis in axes}
    yield list(first.values())
    for axis in axes:
        for value in judged_values(axis.values):
            yield list({**first, axis.key: setting(axis.key, value)}.values())
