"""The places of the keys of a run's inputs, so that faults of their combination are reported at a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Generic, TypeVar

from lifsim.config.document import Document
from lifsim.config.workload_schema import Workload
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch

T = TypeVar("T")


@dataclass(frozen=True)
class Sourced(Generic[T]):
    """An input, and the document that it was made from; None if it was given as an object."""

    what: T
    document: Document | None = None


@dataclass(frozen=True)
class Origins:
    """The documents of a run's inputs; None for those given as objects."""

    arch: Document | None = None
    workload: Document | None = None

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Add places to the faults that are raised inside."""
        try:
            yield
        except InputError as error:
            raise InputError(map(self.placed, error.faults)) from error.__cause__

    def placed(self, fault: Fault) -> Fault:
        """`fault` at the first of its possible keys that a file or an option has."""
        if fault.source or fault.line is not None:
            return fault
        for key in (*fault.stands, fault.path):
            head = key.partition(".")[0]
            document = (
                self.arch if head in Arch.model_fields else self.workload if head in Workload.model_fields else None
            )
            if document is not None and document.has(key):
                found = document.placed(replace(fault, path=key))
                return replace(found, path=fault.path, stands=())
        return fault
