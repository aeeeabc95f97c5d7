"""A board on which one thread puts up work that others help with. It is compiled and does not take the GIL.

The board is an array of words. The thread that puts up work takes pieces of it like the others, then takes it down and
waits until no helper is at work: a late helper finds nothing. So work never waits for help, and no piece is started
whose end is not awaited.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.atomics import add, give_way, pause, put, read
from lifsim.engine.jit import compiled
from lifsim.engine.trampoline import ROOM, call, kind, packed, raise_again

# Words, those that change while others are read on cache lines of their own.
_OPEN = 0  # the number of the work that is up; 0: none is
_IS_COMPILED = 1  # else it is to be done in Python
_TRAMPOLINE, _KERNEL, _JOBS, _PIECES = 2, 3, 4, 5
_THREADS = 6  # each of which has a share of the pieces that it takes first
_LINE = 16  # two cache lines, which processors fetch together
_HELPING = _LINE  # threads that are at the work
_RAISED = 2 * _LINE
_ARGUMENTS = 3 * _LINE
_NEXT = _ARGUMENTS + ROOM  # of each share, the first piece that nobody has taken

_PATIENCE = 1 << 10  # pauses after which a thread that waits for others lets them have its processor


def new_board(threads: int) -> NDArray[Any]:
    """An empty board."""
    board = np.zeros(_NEXT + threads * _LINE, np.int64)
    board[_THREADS] = threads
    return board


def rehearse() -> None:
    """Call with nothing to do whatever Python calls of these, `pack` aside, and first what others of them call, too:
    else it is kept with them alone."""
    board = new_board(1)
    take_down(board)
    leave(new_board(1))
    put_up(board, 0)
    help_with(board, 0, 0, 0)
    share(board, 0, 0, 0, 0)


@compiled
def pack(board, *arguments):  # type: ignore[no-untyped-def]
    """Lay out the arguments of a kernel, behind `start` and `stop`, for `share`; the kind of them. They must outlive
    that."""
    take_down(board)
    board[_TRAMPOLINE] = packed(board, _ARGUMENTS, arguments)
    return kind(arguments)


@compiled
def share(board, number, kernel, jobs, pieces):  # type: ignore[no-untyped-def]
    """Compute jobs 0 to `jobs` - 1 of a kernel in so many pieces, and with whoever helps. number: above that of all
    work before; kernel: the address of its form for the arguments that are packed. Raises what it raises."""
    board[_IS_COMPILED], board[_KERNEL], board[_JOBS], board[_PIECES], board[_RAISED] = 1, kernel, jobs, pieces, 0
    for owner in range(board[_THREADS]):
        put(board, _next(owner), _first(board, owner))
    put(board, _OPEN, number)
    _compute(board, 0)
    take_down(board)
    if board[_RAISED] != 0:
        raise_again(board[_RAISED])


@compiled
def put_up(board, number):  # type: ignore[no-untyped-def]
    """Put up work that is done in Python."""
    take_down(board)
    board[_IS_COMPILED] = 0
    put(board, _OPEN, number)


@compiled
def take_down(board):  # type: ignore[no-untyped-def]
    """Take down the work, even after an interrupted call; returns when no helper is at work."""
    put(board, _OPEN, 0)
    waited = 0
    while read(board, _HELPING) != 0:
        pause()
        waited += 1
        if waited >= _PATIENCE:
            give_way()


@compiled
def help_with(board, me, done, pauses):  # type: ignore[no-untyped-def]
    """Help with work that is put up, until none has come for so many `pauses`, or it is to be done in Python: then
    `leave` must follow. me: which thread this is, from 1 on; done: the number of what it has helped with last. Returns
    the number of work in Python, or 0."""
    waited = 0
    while waited < pauses:
        number = read(board, _OPEN)
        if number in (0, done):
            pause()
            waited += 1
            continue
        add(board, _HELPING, 1)
        if read(board, _OPEN) != number:
            leave(board)
        elif board[_IS_COMPILED] == 0:
            return number
        else:
            _compute(board, me)
            leave(board)
            done = number
        waited = 0
    return 0


@compiled
def leave(board):  # type: ignore[no-untyped-def]
    """Leave the work that this thread helps with."""
    add(board, _HELPING, -1)


@compiled
def _compute(board, me):  # type: ignore[no-untyped-def]
    """The pieces of this thread's share, then what is left of the others'. So each thread has the same part of the
    values in its cache from kernel to kernel. Once a kernel has raised, nothing is begun."""
    threads, pieces = board[_THREADS], board[_PIECES]
    for turn in range(threads):
        owner = (me + turn) % threads
        behind, following = _first(board, owner + 1), _next(owner)
        piece = add(board, following, 1)
        while piece < behind and read(board, _RAISED) == 0:
            start, stop = board[_JOBS] * piece // pieces, board[_JOBS] * (piece + 1) // pieces
            raised = call(board[_TRAMPOLINE], board[_KERNEL], start, stop, board[_ARGUMENTS:].ctypes.data)
            if raised != 0:
                put(board, _RAISED, raised)
            piece = add(board, following, 1)


@compiled
def _next(owner):  # type: ignore[no-untyped-def]
    """Word of a thread's share."""
    return _NEXT + owner * _LINE


@compiled
def _first(board, owner):  # type: ignore[no-untyped-def]
    """Piece of a thread's share."""
    return board[_PIECES] * owner // board[_THREADS]
