"""`extends: OTHER` in a workload: the other file, with single keys set and whole top-level keys replaced."""

from __future__ import annotations

import copy
from pathlib import Path

from lifsim.config.document import Document, read_document
from lifsim.config.overrides import assign
from lifsim.config.resolve import check_within, find
from lifsim.config.validate import examine
from lifsim.config.workload_schema import Workload
from lifsim.errors import Fault, InputError, shown

MAX_DEPTH = 16


def extended(document: Document, below: tuple[Path, ...] = ()) -> Document:
    """`document` with the files that it extends merged in; every mark keeps its own file and line.

    `set:` maps dotted keys to values and works as ``--set`` does, on the file that is extended; any other key replaces
    that file's key of the same name. `below` are the files that led here. Raises InputError if an extended file cannot
    be read, together with this file's own faults.
    """
    if not isinstance(document.data, dict) or "extends" not in document.data:
        return document
    chain = (*below, Path(document.source).resolve())
    try:
        base = extended(read_document(_base_path(document, chain)), chain)
    except InputError as error:
        raise InputError([*error.faults, *([] if below else _own_faults(document))]) from None
    if not isinstance(base.data, dict) or not set(base.data) & set(Workload.model_fields):
        raise InputError(document.mark(("extends",)).fault(("extends",), "must name a workload; that file is none"))
    return _merged(base, document)


def _own_faults(document: Document) -> list[Fault]:
    """Faults of a file alone; keys that the extended file would give are not missing. Only for the file that was asked
    for: an extended one may be a file of another kind, and is not quoted."""
    keys = {key: value for key, value in document.data.items() if key not in ("extends", "set")}
    if not keys:
        return list(document.faults)
    own = Document(document.source, keys, document.marks, document.faults)
    faults = examine(Workload, own, keys_alone=True).faults
    missed = {(key, "must be given") for key in Workload.model_fields}
    return [fault for fault in faults if fault.line is not None and (fault.path, fault.message) not in missed]


def _base_path(document: Document, chain: tuple[Path, ...]) -> Path:
    """The file that `document` extends: one beside it, else one that `find` knows."""
    mark, name = document.mark(("extends",)), document.data["extends"]
    if not isinstance(name, str) or not name:
        raise InputError(mark.fault(("extends",), f"{shown(name)} must be the name of a workload"))
    beside = chain[-1].parent / f"{name.removesuffix('.yaml')}.yaml"
    try:
        check_within(name, mark, ("extends",), chain[-1].parent)
        base = beside if beside.is_file() else find("workload", name)
    except InputError as error:
        raise InputError([mark.fault(("extends",), fault.message) for fault in error.faults]) from None
    if base.suffix != ".yaml":
        raise InputError(mark.fault(("extends",), f"{shown(name)} must be a file whose name ends in .yaml"))
    if base.resolve() in chain or len(chain) > MAX_DEPTH:
        names = " extends ".join(file.stem for file in (*chain, base))
        raise InputError(mark.fault(("extends",), f"must not lead back to itself: {names}"))
    return base


def _merged(base: Document, own: Document) -> Document:
    data, marks = copy.deepcopy(base.data), dict(base.marks)
    marks[()] = own.mark(())
    settings = own.data.get("set", {})
    faults: list[Fault] = []
    if not isinstance(settings, dict):
        faults.append(own.mark(("set",)).fault(("set",), f"{shown(settings)} must be a mapping of keys to values"))
        settings = {}
    own_keys = [key for key in own.data if key not in ("extends", "set")]
    for key, path in [*((key, ("set", key)) for key in settings), *((key, (key,)) for key in own_keys)]:
        try:
            assign(data, marks, key, own.part(path), own.mark(path))
        except InputError as error:
            faults += error.faults
    return Document(own.source, data, marks, (*base.faults, *own.faults, *faults))
