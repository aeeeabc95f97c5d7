"""Which layers are read by others: a layer that none reads is a mistake."""

from __future__ import annotations

from lifsim.config.key_path import Problem
from lifsim.config.operation import WeightOperation
from lifsim.config.workload_schema import Workload
from lifsim.model.schema import UnknownKeyError, known


def unread(spec: Workload) -> list[Problem]:
    """Problems of layers that nothing reads, unless they end the network or the chain above an `in_shape`; none if it
    is unknown what some layer reads."""
    try:
        read, ends = _readers(spec)
    except UnknownKeyError:
        return []
    problems = [
        Problem(("layers", index), f"{op.name} must be read by a later layer, or end the network")
        for index, (op, is_end) in enumerate(zip(spec.layers, ends, strict=True))
        if "name" in vars(op) and op.name not in read and not is_end
    ]
    if "input" not in read:
        problems.insert(0, Problem(("input",), "must be read by a layer"))
    return problems


def _readers(spec: Workload) -> tuple[set[str], list[bool]]:
    """The layers that others read, and which layers end a chain. Raises UnknownKeyError if that is not known."""
    read: set[str] = set()
    fresh = [isinstance(op, WeightOperation) and op.in_shape is not None for op in spec.layers]
    above = "input"
    for op, starts_chain in zip(spec.layers, fresh, strict=True):
        read.update(() if starts_chain else op.reads or (above,))
        above = known(op, "name", "")
    return read, [*fresh[1:], True]
