"""Follows every PyTorch operation of a running model by the numbers of the elements that it moves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.recording.ledger import CONSTANT, Beyond, Ledger, NotFollowedError, Value
from lifsim.recording.movement import CASTS, JOINS, MOVES, READS, WRITES, leaves, mapped, name_of

_OTHERS = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


@dataclass(frozen=True)
class Call:
    """One operation: its name, what it was given and what it put out. where: the module that asked for it, in words;
    module: that module, or None."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any
    where: str
    module: Any


Operation = Callable[["Tracker", Call], None]
"""Follows a call: gives its result the numbers of a value. Raises NotFollowedError."""


@dataclass
class Tracker:
    """Numbers of the tensors of a model that runs. operations: by name, those that compute something.

    asking: the modules that are at work, outermost first, with their names. suspended: how deep in a module that is
    known as a whole; reading_out: how deep in modules that read a network out. notes: what is recorded otherwise.
    """

    ledger: Ledger
    operations: Mapping[str, Operation]
    asking: list[tuple[str, Any]] = field(default_factory=list)
    suspended: int = 0
    reading_out: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    _shadows: Any = field(default_factory=WeakIdKeyDictionary)

    def shadow(self, tensor: Any) -> Any:
        """The numbers of a tensor; None: it does not depend on the batch."""
        return self._shadows.get(tensor)

    def put(self, tensor: Any, numbers: Any) -> None:
        """`tensor` has these numbers; so have its views, if it had others before."""
        known = self.shadow(tensor)
        if known is not None and known is not numbers and known.shape == numbers.shape and known.is_contiguous():
            known.copy_(numbers)
        else:
            self._shadows[tensor] = numbers

    def put_same(self, tensor: Any, source: Any) -> None:
        """`tensor` holds what `source` holds, in memory of its own."""
        if tensor is not source:
            self.put(tensor, self.shadow(source).clone())

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """What `function` gives, followed. Raises InputError if values leave PyTorch."""
        given = [one for one in leaves([args, dict(kwargs)]) if self._is_followed(one)]
        if self.suspended or not given:
            return function(*args, **kwargs)
        name = name_of(function)
        if name in READS:
            raise InputError(Fault(_READ.format(name=name, where=self._where()), path="model"))
        before = [self.shadow(one) for one in given]
        result = function(*args, **kwargs)
        call = Call(name, args, kwargs, result, self._where(), self.asking[-1][1] if self.asking else None)
        try:
            self._follow(function, call)
        except NotFollowedError as broken:
            self._lose(call, before, broken)
        return result

    def owner(self, tensor: Any, call: Call) -> Value:
        """The one value whose elements `tensor` holds. Raises NotFollowedError."""
        numbers = self.shadow(tensor)
        if numbers is None:
            raise NotFollowedError(f"{call.name} of something that does not depend on the batch")
        owner = self.ledger.owner_of(int(numbers.min()), int(numbers.max()))
        if isinstance(owner, Beyond):
            raise NotFollowedError(owner.reason, readout=owner.readout)
        return owner

    def read_from(self, shadows: list[Any]) -> list[Value | Beyond]:
        """Everything of which tensors with these shadows hold elements."""
        found = [owner for one in shadows for owner in self.ledger.owners_of(one.cpu().numpy().ravel())]
        return list(dict.fromkeys(found))

    def _is_followed(self, leaf: Any) -> bool:
        return isinstance(leaf, torch.Tensor) and leaf in self._shadows

    def _follow(self, function: Callable[..., Any], call: Call) -> None:
        if call.name in WRITES:
            self._write(function, call)
        elif not any(isinstance(one, torch.Tensor) for one in leaves(call.result)):
            return
        elif call.name in MOVES or call.name in JOINS:
            self._move(function, call)
        elif call.name in CASTS:
            self._cast(call)
        elif call.name in self.operations:
            self.operations[call.name](self, call)
        else:
            raise NotFollowedError(f"{call.name} is no operation of LIFSim's networks")

    def _move(self, function: Callable[..., Any], call: Call) -> None:
        first, *others = call.args
        if any(self._is_followed(one) for one in leaves([others, dict(call.kwargs)])) and not (
            call.name in JOINS or call.name.endswith("_as")
        ):
            raise NotFollowedError(f"{call.name} is told by values of the network where to read")
        everything = call.name in JOINS or call.name.endswith("_as")
        args = mapped(call.args, self._numbers) if everything else (self._numbers(first), *others)
        kwargs = mapped(dict(call.kwargs), self._numbers) if everything else call.kwargs
        try:
            moved = function(*args, **kwargs)
        except RuntimeError as error:  # a view of another layout in memory than the shadow's
            raise NotFollowedError(f"{call.name} cannot be followed ({str(error)[:80]}): use reshape") from None
        for tensor, numbers in zip(leaves(call.result), leaves(moved), strict=True):
            self.put(tensor, numbers)

    def _write(self, function: Callable[..., Any], call: Call) -> None:
        target, *others = call.args
        numbers = self._numbers(target, base=True)
        if call.name in ("zero_", "fill_"):
            numbers.fill_(CONSTANT)
        elif call.name == "set_data":
            self.put(target, self._numbers(others[0]))
        else:
            *index, source = others
            inside = self._numbers(source) if isinstance(source, torch.Tensor) else CONSTANT
            function(numbers, *index, inside)

    def _cast(self, call: Call) -> None:
        before = call.args[0]
        if not torch.equal(call.result.to(before.dtype), before):
            raise NotFollowedError(f"{call.name} rounds values")
        self.put_same(call.result, before)

    def _numbers(self, leaf: Any, *, base: bool = False) -> Any:
        """The shadow of a tensor. base: where it has none, one that is kept for it and for what it is a view of."""
        if not isinstance(leaf, torch.Tensor):
            return leaf
        known = self.shadow(leaf)
        if known is not None:
            return known
        constants = torch.full(leaf.shape, CONSTANT, dtype=torch.int64, device=leaf.device)
        if not base:
            return constants
        whole = leaf._base
        if whole is not None and whole.is_contiguous():
            under = self._numbers(whole, base=True)
            constants = under.as_strided(leaf.shape, leaf.stride(), leaf.storage_offset() - whole.storage_offset())
        self._shadows[leaf] = constants
        return constants

    def _lose(self, call: Call, before: list[Any], broken: NotFollowedError) -> None:
        """Give what an operation put out the numbers of something beyond LIFSim's networks, for the first reason that
        there was."""
        owners = self.read_from(before)
        lost = [one for one in owners if isinstance(one, Beyond)]
        reads = [one for owner in owners for one in (owner.reads if isinstance(owner, Beyond) else (owner,))]
        only_readouts = all(one.readout for one in lost)
        readout = only_readouts and (broken.readout or call.name in READOUTS or self.reading_out > 0)
        reason = f"{broken.reason} ({call.name}, {call.where}){self._way_out()}"
        if lost:
            reason = next((one.reason for one in lost if not one.readout), lost[0].reason if readout else reason)
        elif self.reading_out:
            reason = call.where
        beyond = self.ledger.beyond(reason, tuple(dict.fromkeys(reads)), readout=readout)
        for tensor in leaves(call.result if call.result is not None else call.args[0]):
            if isinstance(tensor, torch.Tensor):
                numbers = torch.full(tensor.shape, beyond.first, dtype=torch.int64, device=tensor.device)
                self.put(tensor, numbers)

    def _way_out(self) -> str:
        """Where a module of the user's own is at work, which may be neurons."""
        own = [type(module).__name__ for _, module in self.asking[-1:] if _may_be_neurons(module)]
        return f"; if {own[0]} are spiking neurons, describe them: neurons={{{own[0]}: ...}}" if own else ""

    def _where(self) -> str:
        """The module that is at work, and the line of the model's own code."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_OTHERS):
            frame = frame.f_back
        line = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        if not self.asking or self.asking[-1][1] is None:
            return line
        name, module = self.asking[-1]
        return f"{name or 'the model'} ({type(module).__name__}), {line}"


def _may_be_neurons(module: Any) -> bool:
    """A module without others inside that is none of PyTorch's layers."""
    layers = [one for one in type(module).__mro__ if one.__module__.startswith("torch.") and one is not torch.nn.Module]
    return not layers and not any(True for _ in module.children())


READOUTS = frozenset(
    """
    sum mean cumsum softmax log_softmax argmax max topk mul div truediv __truediv__ cross_entropy nll_loss avg_pool1d
    sigmoid sub add add_ __add__ mse_loss one_hot eq norm
    """.split()  # noqa: SIM905 (many words)
)
"""What may stand behind the outputs of a network, to read them out; none of it is the accelerator's work."""

_READ = (
    "must not decide in Python by values of the network: {name} at {where}. What it does may differ from batch to "
    "batch, so that no network can be recorded; decide by shapes, or keep the tensor"
)


class Following(TorchFunctionMode):
    """Hands every operation to a tracker."""

    def __init__(self, tracker: Tracker) -> None:
        super().__init__()
        self._tracker = tracker

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """As PyTorch calls it."""
        return self._tracker.call(func, args, kwargs or {})


def array_of(tensor: Any) -> NDArray[Any]:
    """The values of a tensor."""
    array: NDArray[Any] = tensor.detach().cpu().numpy()
    return array
