"""Workload files into networks: read, extend, override, check, infer. Every fault of a file at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from lifsim.config.document import Document, read_document
from lifsim.config.extends import extended
from lifsim.config.given_rates import NONE_REPLACED, Replaced
from lifsim.config.key_path import Problem
from lifsim.config.operation import ProductOperation
from lifsim.config.overrides import override
from lifsim.config.rates import gradients_of, rate_problems, spikes_of
from lifsim.config.resolve import find
from lifsim.config.shapes import infer_nodes
from lifsim.config.validate import examine, in_reading_order
from lifsim.config.workload_schema import Workload, schema_for
from lifsim.errors import Fault, InputError
from lifsim.model.layers import hardware_layers, lif_faults
from lifsim.model.members import any_of
from lifsim.model.network import Network, Node
from lifsim.model.schema import UnknownKeyError, known


def load_workload(name: str, overrides: Sequence[str] = (), replaced: Replaced = NONE_REPLACED) -> Network:
    """The network of the workload `name` (a path, or a shipped name), with ``key.path=value`` overrides. replaced:
    which of its rates are not used.

    Raises InputError with every fault.
    """
    return network_of(read_workload(name, overrides), replaced)


def read_workload(name: str, overrides: Sequence[str] = ()) -> Document:
    """The workload as plain data with `extends` and `overrides` merged in: everything needed to load it again."""
    return override(extended(read_document(find("workload", name))), overrides)


def parse_workload(document: Document) -> Network:
    """The network that `document`, as read from its file, describes. Raises InputError with every fault."""
    return network_of(extended(document))


def network_of(document: Document, replaced: Replaced = NONE_REPLACED) -> Network:
    """The checked network that `document`, which extends nothing, describes. replaced: which of its rates are not used.

    Raises InputError with every fault: those of single keys, and misfits of the shapes of layers without them.
    """
    found = examine(schema_for(document.data), document)
    spec = found.model
    nodes, problems = infer_nodes(spec)
    problems += _graph_problems(spec, nodes, replaced)
    if problems or found.faults:
        located = document.untold(_located(document, spec, problem) for problem in problems)
        raise InputError(in_reading_order((*found.faults, *located), document.source))
    return Network(
        name=spec.name,
        description=spec.description,
        timesteps=spec.timesteps,
        encoding=spec.input.encoding,
        input_bits=spec.input.bits,
        nodes=nodes,
        layers=hardware_layers(nodes, spec.timesteps),
        spikes=spikes_of(spec.spikes, _folder(document)),
        gradients=gradients_of(spec.training),
        norm_statistics=spec.norm_statistics,
        definition=document.data,
    )


def _folder(document: Document) -> Path:
    """The folder of the file that names the trace; the current one if an option does."""
    mark = document.mark(("spikes", "trace"))
    return Path() if mark.line is None else Path(mark.source).resolve().parent


def _located(document: Document, spec: Workload, problem: Problem) -> Fault:
    """A problem as a fault; layers are named as in ``--set``."""
    loc = problem.loc
    if len(loc) > 1 and isinstance(loc[1], int):
        loc = (loc[0], known(spec.layers[loc[1]], "name", loc[1]), *loc[2:])
    return document.mark(problem.loc).fault(loc, problem.message)


def _graph_problems(spec: Workload, nodes: Sequence[Node], replaced: Replaced) -> Iterator[Problem]:
    """Problems of the graph, apart from shapes."""
    with suppress(UnknownKeyError):
        index = {known(op, "name", None): number for number, op in enumerate(spec.layers)}
        for name, reason in lif_faults(nodes):
            yield Problem(("layers", index[name]), reason)
        if not any(isinstance(op, ProductOperation) or "op" not in vars(op) for op in spec.layers):
            yield Problem(("layers",), f"must have a layer of kind {any_of('layer')}")
        yield from rate_problems(spec, nodes, replaced)
