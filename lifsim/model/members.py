"""Keys whose values name a registered member: a dataflow, a sparsity, a memory, an accounting."""

from __future__ import annotations

from lifsim.errors import InputError, did_you_mean
from lifsim.model.keys import AfterValidator
from lifsim.registry import registry_of


def member_of(kind: str) -> AfterValidator:
    """A key that accepts the name of a member of `kind`."""

    def check(name: str) -> str:
        registry = registry_of(kind)
        try:
            is_known = name in registry
        except InputError as error:  # reported with its line, beside the other faults of the file
            raise ValueError(error.faults[0].message) from error
        if not is_known:
            hint = did_you_mean(name, registry)
            nearest = hint if "did you mean" in hint else ""
            raise ValueError(f"{name!r} must be one of {', '.join(registry)}{nearest}")
        return name

    return AfterValidator(check)


def any_of(kind: str) -> str:
    """The words `a, b or c`, of the names of the members of `kind`."""
    *names, last = registry_of(kind)
    return f"{', '.join(names)} or {last}" if names else last
