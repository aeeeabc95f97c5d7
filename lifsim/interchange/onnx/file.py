"""Reads an ONNX file. Files are untrusted: their size, and what their tensors claim, are checked before memory is
allocated."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lifsim.config.document import kind_at
from lifsim.config.file_kind import ONNX, in_words
from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.onnx.graph import Array, OnnxGraph, OnnxNode
from lifsim.interchange.onnx.order import foreign_faults, order_faults
from lifsim.interchange.onnx.tensors import Tensors
from lifsim.interchange.onnx.wire import require_modest
from lifsim.processes.apart import read_apart
from lifsim.regular_file import open_regular

MAX_BYTES = 1 << 30
"""The most bytes of a file. Larger networks keep their weights in a file beside it."""

MAX_NODES = 20_000
OLDEST_OPSET = 7
"""The first version that is read: earlier ones have other rules for operations of the same names."""

MESSAGE = 300
"""The most characters of a message of ONNX's library that are shown."""


def read_onnx(path: Path) -> OnnxGraph:
    """The graph in the file at `path`. It is read in a process of its own, because ONNX's library is machine code
    that works on untrusted data. Raises InputError."""
    if find_spec("onnx") is None:
        raise InputError(Fault('needs onnx: pip install "lifsim[onnx]"', path="onnx"))
    return read_apart(read_here, path, "ONNX's library")


def read_here(path: Path) -> OnnxGraph:
    """The same, read in this process. Raises InputError."""
    source = str(path)
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", source=source)) from None
    try:
        return _Reader(source, Tensors(path.parent)).graph(data)
    except (ValueError, TypeError, LookupError, RuntimeError, OverflowError, MemoryError, RecursionError) as error:
        message = f"is no ONNX file that can be read: {str(error)[:MESSAGE] or type(error).__name__}"
        raise InputError(Fault(message, source=source)) from None


class _Reader:
    """Reads one file."""

    def __init__(self, source: str, tensors: Tensors) -> None:
        self._source, self._tensors = source, tensors

    def graph(self, data: bytes) -> OnnxGraph:
        """Raises InputError, ValueError."""
        model = self._model(data)
        graph = model.graph
        opset = self._opset(model)
        self._refuse_parts(model)
        constants = {one.name: self._array(one, one.name) for one in graph.initializer}
        nodes = [self._node(one) for one in graph.node]
        given = {*constants, *(one.name for one in graph.input)}
        imported = {one.domain for one in model.opset_import}
        misplaced = [*foreign_faults(nodes, imported, self._source), *order_faults(nodes, given, self._source)]
        if misplaced:
            raise InputError(misplaced)
        self._lighten(graph, constants)
        inputs = {one.name: _open_shape(one.type) for one in graph.input if one.name not in constants}
        self._close_batch(graph)
        shapes = self._shapes(model)
        constants |= {
            one.outputs[0]: one.attributes["value"] for one in nodes
            if one.op == "Constant" and one.outputs and "value" in one.attributes
        }  # fmt: skip
        return OnnxGraph(
            tuple(one for one in nodes if one.op != "Constant"),
            constants,
            shapes,
            inputs,
            tuple(one.name for one in graph.output),
            opset,
            " ".join(part for part in (model.producer_name, model.producer_version) if part)[:60],
        )

    def _model(self, data: bytes) -> Any:
        """The model. Raises InputError if the file is too large, or not a model."""
        import onnx
        from google.protobuf.message import DecodeError

        if len(data) > MAX_BYTES:
            rule = f"must have at most {MAX_BYTES} bytes: save its weights as external data, beside it"
            raise self._fault("", rule)
        try:
            require_modest(data)
            model = onnx.ModelProto.FromString(data)
        except ValueError as error:
            raise self._fault("", f"{error}{self._other()}") from None
        except DecodeError:
            raise self._fault("", f"is damaged, or no ONNX file{self._other()}") from None
        if any(isinstance(word, bytes) for word in _words(model)):  # so protobuf hands on what is no UTF-8
            raise self._fault("", "is damaged: has a name that is not UTF-8 text")
        if not model.HasField("graph") or not len(model.graph.node):
            raise self._fault("", f"is no ONNX file, or one without nodes{self._other()}")
        if len(model.graph.node) > MAX_NODES:
            raise self._fault("graph", f"must have at most {MAX_NODES} nodes, has {len(model.graph.node)}")
        return model

    def _other(self) -> str:
        """What the file is instead, if that is clear."""
        kind = kind_at(Path(self._source))
        return in_words(kind) if kind != ONNX else ""

    def _opset(self, model: Any) -> int:
        """The version of ONNX's own operations."""
        import onnx

        found = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
        newest = onnx.defs.onnx_opset_version()
        if not found or not OLDEST_OPSET <= found[0] <= newest:
            rule = f"must be {OLDEST_OPSET} to {newest} (of the onnx that is installed)"
            way = "onnx.version_converter.convert_version converts it"
            raise self._fault("opset", f"{found[0] if found else 'none'} {rule}; {way}")
        return int(found[0])

    def _refuse_parts(self, model: Any) -> None:
        """Refuses the parts of a model that cannot be read."""
        faults = []
        if len(model.functions):
            way = "onnx.inliner.inline_local_functions writes them out"
            faults.append(Fault(f"must have no functions of its own: {way}", "functions", self._source))
        if len(model.graph.sparse_initializer):
            faults.append(Fault("must have no sparse initializers", "sparse_initializer", self._source))
        if faults:
            raise InputError(faults)

    def _node(self, node: Any) -> OnnxNode:
        domain = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
        read = OnnxNode(f"{domain}{node.op_type}", node.name, tuple(node.input), tuple(node.output))
        attributes = {one.name: value for one in node.attribute if (value := self._value(one, read)) is not None}
        if read.op == "Constant":
            attributes = {"value": _constant(attributes)} if len(attributes) == 1 else {}
        return OnnxNode(read.op, read.name, read.inputs, read.outputs, attributes)

    def _value(self, attribute: Any, node: OnnxNode) -> Any:
        """An attribute as numbers, text, tuples of them or arrays; None for graphs and others, which no operation
        that is read has."""
        from onnx import AttributeProto

        match attribute.type:
            case AttributeProto.INT:
                return int(attribute.i)
            case AttributeProto.FLOAT:
                return float(attribute.f)
            case AttributeProto.STRING:
                return attribute.s.decode("utf-8", "replace")
            case AttributeProto.INTS:
                return tuple(attribute.ints)
            case AttributeProto.FLOATS:
                return tuple(attribute.floats)
            case AttributeProto.TENSOR:
                return self._array(attribute.t, node.called)
        return None

    def _array(self, tensor: Any, path: str) -> Array:
        try:
            return self._tensors.array(tensor)
        except ValueError as error:
            raise self._fault(path, str(error)) from None
        except OSError as error:
            raise self._fault(path, f"cannot be read from beside the model: {error.strerror or error}") from None

    def _lighten(self, graph: Any, constants: dict[str, Array]) -> None:
        """Turns weights into inputs, because there are many of them and shapes do not depend on their values."""
        import onnx

        listed = {one.name for one in graph.input}
        small = [
            onnx.numpy_helper.from_array(constants[one.name], one.name) for one in graph.initializer
            if constants[one.name].dtype.kind != "f"
        ]  # fmt: skip
        for one in graph.initializer:
            if one.name not in listed and constants[one.name].dtype.kind == "f":
                shape = list(constants[one.name].shape)
                graph.input.append(onnx.helper.make_tensor_value_info(one.name, one.data_type, shape))
        del graph.initializer[:]
        graph.initializer.extend(small)

    def _close_batch(self, graph: Any) -> None:
        """Sets an open batch to one image."""
        for one in graph.input:
            axes = one.type.tensor_type.shape.dim
            if len(axes) and axes[0].dim_value < 1:
                axes[0].dim_value = 1

    def _shapes(self, model: Any) -> dict[str, tuple[int, ...]]:
        """The shapes of tensors by `onnx.shape_inference`, once the model has passed ONNX's checker. Shapes that the
        file itself states are ignored, except those of its inputs."""
        import onnx

        del model.graph.value_info[:]
        try:
            for one in model.graph.output:
                one.type.tensor_type.shape.SetInParent()
            onnx.checker.check_model(model)
            for one in model.graph.output:
                one.type.tensor_type.ClearField("shape")
            inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            (said, *_) = str(error).strip().splitlines() or [""]
            raise self._fault("", f"is no valid ONNX model: {said[:MESSAGE]}") from None
        return dict(_known_shapes([*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output]))

    def _fault(self, path: str, message: str) -> InputError:
        return InputError(Fault(message, path=path, source=self._source))


def _words(model: Any) -> Iterator[Any]:
    """All text that is read of a model, unless the library guarantees that it is valid."""
    yield from (model.producer_name, model.producer_version, *(one.domain for one in model.opset_import))
    for node in model.graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (one.name for one in node.attribute)
    graph = model.graph
    yield from (one.name for one in (*graph.initializer, *graph.input, *graph.output))


def _constant(attributes: dict[str, Any]) -> Array:
    """The array of a Constant node, whichever of its attributes holds it."""
    import numpy as np

    ((name, value),) = attributes.items()
    if name == "value":
        array: Array = np.asarray(value)
        return array
    if name in ("value_float", "value_floats"):
        return np.asarray(value, np.float32)
    if name in ("value_int", "value_ints"):
        return np.asarray(value, np.int64)
    raise ValueError(f"a Constant of {shown(name)} is not read")


def _open_shape(kind: Any) -> tuple[int | None, ...]:
    """The shape, with None for axes without a number; some exporters write open axes as 0 or -1."""
    axes = kind.tensor_type.shape.dim
    return tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in axes)


def _known_shapes(infos: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    for one in infos:
        if one.type.tensor_type.HasField("shape"):
            sizes = tuple(size for size in _open_shape(one.type) if size is not None and size > 0)
            if len(sizes) == len(one.type.tensor_type.shape.dim):
                yield one.name, sizes
