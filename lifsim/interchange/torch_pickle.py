"""Reads what `torch.save` wrote, without PyTorch: the pickle is read as a list of steps; nothing in it is imported or
called.

Mappings, lists and tensors are made; everything else that a pickle asks for (optimisers, settings, whole models)
becomes an `Unknown`, which does nothing.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lifsim.lazy_dataclass import dataclass

MAX_STEPS = 10_000_000
MAX_SIZE = (1 << 63) - 1
"""The most axes of a tensor of PyTorch; a pickle could state any number."""


@dataclass(frozen=True)
class Unknown:
    """A pickled object that is not needed. kind: its class or function, as named in the file."""

    kind: str


@dataclass(frozen=True)
class Storage:
    """A file of plain numbers in the archive. kind: `FloatStorage` and the like. elements: as the pickle claims."""

    kind: str
    key: str
    elements: int


@dataclass(frozen=True)
class SavedTensor:
    """A view of a storage, in elements, all as the pickle claims."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class DamagedError(Exception):
    """A pickle that is inconsistent."""


_TENSORS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
_MAPPINGS = ("collections.OrderedDict", "builtins.dict")


def unpickled(data: bytes) -> Any:
    """The tree that `data` holds. Raises DamagedError."""
    machine = _Machine()
    try:
        for count, (step, argument, _) in enumerate(pickletools.genops(data)):
            if count == MAX_STEPS:
                raise DamagedError(f"more than {MAX_STEPS} steps")
            machine.take(step.name, argument)
    except (ValueError, TypeError, LookupError, OverflowError, MemoryError, RecursionError) as error:
        raise DamagedError(str(error)[:80]) from None
    return machine.result()


class _Machine:
    """The stack that the steps of a pickle work on."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        """What is left at the end."""
        if len(self._stack) != 1:
            raise DamagedError("it does not end with one object")
        return self._stack[0]

    def take(self, step: str, argument: Any) -> None:
        """Performs one step. Raises DamagedError, or what Python raises if the stack is too short."""
        if step in _NOTHING:
            return
        if step in _CONSTANTS:
            self._stack.append(_CONSTANTS[step])
        elif step in _LITERALS:
            self._stack.append(argument)
        elif step in _STEPS:
            _STEPS[step](self, argument)
        else:
            raise DamagedError(f"{step} is no step that torch.save writes")

    def _mark(self, _: Any) -> None:
        self._marks.append(len(self._stack))

    def _since_mark(self) -> list[Any]:
        begin = self._marks.pop()
        taken = self._stack[begin:]
        del self._stack[begin:]
        return taken

    def _popped(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise DamagedError("it takes more than it has")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _new_mapping(self, _: Any) -> None:
        self._stack.append({})

    def _new_list(self, _: Any) -> None:
        self._stack.append([])

    def _tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _global(self, argument: Any) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(Unknown(f"{module}.{name}"))

    def _stack_global(self, _: Any) -> None:
        module, name = self._popped(2)
        self._stack.append(Unknown(f"{module}.{name}"))

    def _keep(self, argument: Any) -> None:
        self._memo[len(self._memo) if argument is None else argument] = self._stack[-1]

    def _get(self, argument: Any) -> None:
        self._stack.append(self._memo[argument])

    def _append(self, _: Any) -> None:
        self._extend(self._popped(1))

    def _appends(self, _: Any) -> None:
        self._extend(self._since_mark())

    def _extend(self, entries: list[Any]) -> None:
        if isinstance(self._stack[-1], list):
            self._stack[-1].extend(entries)

    def _set_item(self, _: Any) -> None:
        self._update(self._popped(2))

    def _set_items(self, _: Any) -> None:
        self._update(self._since_mark())

    def _update(self, entries: Sequence[Any]) -> None:
        if isinstance(self._stack[-1], dict):
            self._stack[-1].update(zip(entries[::2], entries[1::2], strict=True))

    def _stored(self, _: Any) -> None:
        (given,) = self._popped(1)
        kind, storage, key, _, elements = given
        if kind != "storage" or not isinstance(storage, Unknown) or not isinstance(key, str):
            raise DamagedError("a storage is none")
        self._stack.append(Storage(storage.kind.rpartition(".")[2], key, _count(elements)))

    def _called(self, _: Any) -> None:
        function, arguments = self._popped(2)
        self._stack.append(_made(function, arguments))

    def _called_by_name(self, _: Any) -> None:
        function, arguments, _ = self._popped(3)
        self._stack.append(_made(function, arguments))

    def _set_state(self, _: Any) -> None:
        self._popped(1)

    def _new_set(self, _: Any) -> None:
        self._stack.append(Unknown("builtins.set"))

    def _add_items(self, _: Any) -> None:
        self._since_mark()

    def _tuple1(self, _: Any) -> None:
        self._stack.append(tuple(self._popped(1)))

    def _tuple2(self, _: Any) -> None:
        self._stack.append(tuple(self._popped(2)))

    def _tuple3(self, _: Any) -> None:
        self._stack.append(tuple(self._popped(3)))


def _made(function: Any, arguments: Any) -> Any:
    """What a function named in the pickle would make, if that is a mapping or a tensor."""
    kind = function.kind if isinstance(function, Unknown) else "something"
    if kind in _MAPPINGS:
        return dict(*arguments) if all(isinstance(one, list) for one in arguments) else {}
    if kind in _TENSORS:
        storage, offset, shape, stride, *_ = arguments
        if not isinstance(storage, Storage):
            return Unknown(kind)
        return SavedTensor(storage, _count(offset), tuple(map(_count, shape)), tuple(map(_count, stride)))
    if kind in _PARAMETERS:
        return arguments[0]
    return Unknown(kind)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SIZE:
        raise DamagedError("a size is no whole number of 63 bits")
    return value


_NOTHING = frozenset({"PROTO", "FRAME", "STOP"})
_CONSTANTS: Mapping[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = frozenset(
    """
    BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT SHORT_BINUNICODE BINUNICODE BINUNICODE8 SHORT_BINSTRING BINSTRING
    SHORT_BINBYTES BINBYTES
    """.split()  # noqa: SIM905 (many words)
)
_STEPS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine._mark,
    "EMPTY_DICT": _Machine._new_mapping,
    "EMPTY_LIST": _Machine._new_list,
    "EMPTY_SET": _Machine._new_set,
    "ADDITEMS": _Machine._add_items,
    "TUPLE": _Machine._tuple,
    "TUPLE1": _Machine._tuple1,
    "TUPLE2": _Machine._tuple2,
    "TUPLE3": _Machine._tuple3,
    "GLOBAL": _Machine._global,
    "STACK_GLOBAL": _Machine._stack_global,
    "BINPUT": _Machine._keep,
    "LONG_BINPUT": _Machine._keep,
    "MEMOIZE": _Machine._keep,
    "BINGET": _Machine._get,
    "LONG_BINGET": _Machine._get,
    "APPEND": _Machine._append,
    "APPENDS": _Machine._appends,
    "SETITEM": _Machine._set_item,
    "SETITEMS": _Machine._set_items,
    "BINPERSID": _Machine._stored,
    "REDUCE": _Machine._called,
    "NEWOBJ": _Machine._called,
    "NEWOBJ_EX": _Machine._called_by_name,
    "BUILD": _Machine._set_state,
}
