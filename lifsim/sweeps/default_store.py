"""Where a sweep without --out keeps its results: in sweeps/, under a name that describes the sweep."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lifsim.errors import InputError
from lifsim.files import numbered
from lifsim.placing import fitting
from lifsim.sweeps.plan import NAMES, Job
from lifsim.sweeps.request import Request
from lifsim.sweeps.space import Axis
from lifsim.sweeps.store import Store
from lifsim.sweeps.values import Listed
from lifsim.units import format_bytes


def default_store(request: Request, job: Job) -> Path:
    """sweeps/NAME in the current folder; NAME-2, NAME-3 and so on where that is taken by anything but this sweep."""
    path = Path("sweeps") / fitting("-".join(_parts(request, job)))
    return next(place for place in numbered(path) if not os.path.lexists(place) or _holds(place, job))


def _holds(path: Path, job: Job) -> bool:
    """Whether the store at `path` is that of `job`."""
    try:
        with Store.read(path) as store:
            return store.description == job.description()
    except InputError:
        return False


def _parts(request: Request, job: Job) -> Iterator[str]:
    axes = {axis.key: axis for axis in job.space.axes}
    for key in NAMES:
        yield _values(axes[key])
    for key, axis in axes.items():
        if key not in NAMES:
            yield f"{_ending(key)}={_values(axis)}"
    for key, value in request.asked.set.items():
        yield f"{_ending(key)}={value}"


def _values(axis: Axis) -> str:
    """`none+layer`, or the ends of a range: `8KiB..512KiB`."""
    values = axis.values
    if isinstance(values, Listed):
        return "+".join(_word(axis.key, value) for value in values.values)
    return f"{_word(axis.key, values[0])}..{_word(axis.key, values[values.count - 1])}"


def _word(key: str, value: object) -> str:
    if key.endswith("_bytes") and isinstance(value, int):
        return format_bytes(value).replace(" ", "")
    return Path(str(value)).name.removesuffix(".yaml")


def _ending(key: str) -> str:
    return ".".join(key.split(".")[-2:])
