"""Components of a shipped architecture for one that names none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lifsim.config.document import Document, read_document
from lifsim.config.file_kind import ARCH, tree_kind
from lifsim.config.resolve import shipped, shipped_names
from lifsim.errors import Fault, did_you_mean, shown

KEY, WHOSE = "components", "components_of"
USUAL = "sata128"
"""The architecture that lends its components if the file does not say which."""


def with_components(document: Document, settings: Sequence[str]) -> Document:
    """The architecture `document`; if neither it nor one of the `settings` names components, with those of the shipped
    architecture that `components_of` names. An unknown name adds to the document's faults."""
    data = document.data
    if not isinstance(data, dict) or KEY in data or tree_kind(data) != ARCH:
        return document
    given = {key.strip(): value.strip() for key, _, value in (one.partition("=") for one in settings)}
    if KEY in given:
        return document
    whose = given.get(WHOSE, data.get(WHOSE, USUAL))
    if whose not in shipped_names("arch"):
        known = did_you_mean(whose, shipped_names("arch"))
        rule = f"{shown(whose)} must be a shipped architecture{known}"
        fault = Fault(rule, WHOSE, f"--set {WHOSE}") if WHOSE in given else document.fault((WHOSE,), rule)
        return replace(document, faults=(*document.faults, fault), data={**data, KEY: _lent(USUAL).data})
    lent = _lent(whose)
    marks = {**document.marks, **{(KEY, *path): mark for path, mark in lent.marks.items()}}
    return replace(document, data={**data, KEY: lent.data, WHOSE: whose}, marks=marks)


def _lent(whose: str) -> Document:
    return read_document(shipped("arch", whose)).part((KEY,))
