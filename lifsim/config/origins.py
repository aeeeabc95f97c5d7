"""Where the keys of a run's inputs stand: what is wrong with inputs together is told at the key that says it."""

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
    """An input, and the document that it was made of; None of what was an object before."""

    what: T
    document: Document | None = None


@dataclass(frozen=True)
class Origins:
    """The documents of a run's inputs; None of what is an object."""

    arch: Document | None = None
    workload: Document | None = None

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Faults that are raised inside get their places."""
        try:
            yield
        except InputError as error:
            raise InputError(map(self.placed, error.faults)) from error.__cause__

    def placed(self, fault: Fault) -> Fault:
        """`fault` at the first of the keys at which it may stand that a file or an option has."""
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
