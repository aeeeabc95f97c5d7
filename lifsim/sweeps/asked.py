"""What a sweep is asked for from Python, as the sweep file that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from lifsim.config.device import KEY, choosing
from lifsim.config.document import Document, Mark
from lifsim.config.key_path import KeyPath
from lifsim.errors import Fault, InputError, shown
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.api import texts_of
from lifsim.simulate.resolved import arch_document, network_document
from lifsim.sweeps.request import Request, options_document, read_request


def asked_from_python(given: Mapping[str, Any], overrides: Sequence[str], vary: Mapping[str, Any]) -> Request:
    """The request. given: one value or several by the keys of a sweep file, None where not given; architectures and
    networks are names or objects. vary: values, or the text of --vary, by key.

    Raises InputError with every fault, and where two different objects have one name.
    """
    if not isinstance(vary, Mapping):
        raise InputError(Fault(f"{shown(vary)} must be a mapping of keys to values", path="vary"))
    texts = options_document({}, tuple(texts_of(overrides)), ())
    files = {"arch": _files(given["arch"], "arch"), "workload": _files(given["workload"], "workload")}
    data = {key: _plain(value) for key, value in given.items() if value is not None}
    data |= texts.data | ({"vary": {key: _plain(value) for key, value in vary.items()}} if vary else {})
    marks: dict[KeyPath, Mark] = {(): Mark(""), **texts.marks}
    return read_request(None, Document("", data, marks), files)


def with_devices(
    dram: Any, overrides: Sequence[str], vary: Mapping[str, Any]
) -> tuple[Sequence[str], Mapping[str, Any]]:
    """`overrides` and `vary` that simulate these devices: one is set, several are an axis. Raises InputError where
    `vary` chooses devices too."""
    if dram is None or not isinstance(vary, Mapping):
        return overrides, vary
    if KEY in vary:
        raise InputError(Fault(f"must stand without vary {KEY}, which chooses devices too", path="dram"))
    names = [_plain(one) for one in _several(dram)]
    if others := [name for name in names if not isinstance(name, str)]:
        raise InputError(Fault(f"{shown(one)} must be a name or a path", path="dram") for one in others)
    model, device = choosing(names[0])
    if len(names) == 1:
        return [model, device, *texts_of(overrides)], vary
    return [model, *texts_of(overrides)], {**vary, KEY: names}


def _files(given: Any, key: str) -> dict[str, Document]:
    """What the objects among `given` say as files."""
    files: dict[str, Document] = {}
    for one in _several(given):
        if not isinstance(one, Arch | Network):
            continue
        file = arch_document(one) if isinstance(one, Arch) else network_document(one)
        if one.name in files and files[one.name] != file:
            raise InputError(Fault(f"{one.name!r} must be the name of one object only", path=key))
        files[one.name] = file
    return files


def _several(given: Any) -> Iterable[Any]:
    return given if isinstance(given, list | tuple) else [given]


def _plain(value: Any) -> Any:
    """Names for objects, texts for paths, numbers and lists for those of NumPy: what a file can say."""
    if isinstance(value, Arch | Network):
        return value.name
    if isinstance(value, Sharing):
        return str(value)
    if isinstance(value, PathLike):
        return fspath(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple | range):
        return [_plain(entry) for entry in value]
    return value
