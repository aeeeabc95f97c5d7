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
    """Compile the functions that Python calls, all but `pack`, by calling them with nothing to do. Those that others
    call come first: otherwise they would be cached only as parts of their callers."""
    board = new_board(1)
    take_down(board)
    leave(new_board(1))
    put_up(board, 0)
    help_with(board, 0, 0, 0)
    share(board, 0, 0, 0, 0)


@compiled
def pack(board, *arguments):  # type: ignore[no-untyped-def]
    """Lay out a kernel's arguments, all but `start` and `stop`, for `share`; returns a number for their types. The
    arguments must stay alive until `share` returns."""
    take_down(board)
    board[_TRAMPOLINE] = packed(board, _ARGUMENTS, arguments)
    return kind(arguments)


@compiled
def share(board, number, kernel, jobs, pieces):  # type: ignore[no-untyped-def]
    """Compute jobs 0 to `jobs` - 1 of a kernel in this many `pieces`, together with all threads that help. number: of
    this work, higher than that of any before; kernel: the address of its machine code for the types of the packed
    arguments. Raises what the kernel raises."""
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
    """Help with the work that is put up. Returns 0 when none has come for this many `pauses`, or the number of work
    that must be done in Python, after which the caller must call `leave`. me: the number of this thread, from 1; done:
    the number of the last work that it has helped with."""
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
    """Compute the pieces of this thread's share, then pieces that other threads have not begun. So the same part of the
    values stays in a thread's cache from kernel to kernel. After a kernel has raised, no piece is begun."""
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
