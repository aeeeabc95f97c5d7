"""Checks whether nodes of an ONNX file stand behind what they read, and whether each tensor is the output of one
node. ONNX's checker does the same, but names no node."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lifsim.errors import Fault
from lifsim.interchange.onnx.graph import OnnxNode

_AGAIN = "export the model again"


def foreign_faults(nodes: Sequence[OnnxNode], imported: Collection[str], source: str) -> Iterator[Fault]:
    """Faults of nodes whose domain the file does not import."""
    for node in nodes:
        domain = node.op.rpartition(".")[0]
        if domain and domain not in imported:
            words = f"{node.op} is of the domain {domain}, of which the file imports no operations"
            yield Fault(f"{words}: export with ONNX's standard operations", node.called, source)


def order_faults(nodes: Sequence[OnnxNode], given: Collection[str], source: str) -> Iterator[Fault]:
    """Faults of nodes in the wrong order, and of tensors with several nodes. given: names of inputs and
    initializers."""
    makers: dict[str, OnnxNode] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in given or name in makers:
                other = f"{_said(makers[name])} puts out" if name in makers else "an input or initializer is"
                words = f"{node.op} puts out {name}, which {other}, too: names must be of one tensor; {_AGAIN}"
                yield Fault(words, node.called, source)
            makers.setdefault(name, node)
    there = {*given}
    for node in nodes:
        for name in dict.fromkeys(filter(None, node.inputs)):
            if name in there:
                continue
            why = "nothing puts out"
            if name in makers:
                rule = "nodes must stand behind what they read (topologically sorted)"
                why = f"{_said(makers[name])} puts out behind it: {rule}"
            yield Fault(f"{node.op} reads {name}, which {why}: {_AGAIN}", node.called, source)
        there.update(node.outputs)


def _said(node: OnnxNode) -> str:
    return f"{node.op} {node.called}"
