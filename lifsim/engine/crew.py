"""Threads that help with compiled kernels, and stay awake for a moment in case more follow.

Waking a thread takes as long as most kernels of a training step. So a thread that has helped watches the board
(lifsim.engine.board) for as long as waking it would take, and only then sleeps.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from numba import int64, typeof

from lifsim.engine.board import help_with, leave, new_board, pack, put_up, share, take_down

_NAME = "lifsim-engine"
_PAUSES = 1 << 14  # that a helper stays awake, of 10 to 50 ns: as long as what Python does between two layers takes
Task = Callable[[], None]


class Crew:
    """`helpers` threads that help with `share` and `divide`; callers must hold `lock`."""

    def __init__(self, helpers: int, *, patient: bool) -> None:
        """patient: whether there are enough processors for helpers to stay awake."""
        self.process = os.getpid()  # a forked process has none of its threads
        self.lock = threading.Lock()
        self._board = new_board(1 + helpers)
        self._numbers = count(1)
        self._addresses: dict[tuple[Any, int], int] = {}  # of the machine code for kinds of arguments
        self._task: Task = _nothing
        self._faults: list[BaseException] = []
        self._is_dismissed = False
        self._awake = threading.Event()
        help_with(self._board, 0, 0, 0)  # compiled once, before all of them ask for it
        self._threads = [
            threading.Thread(target=self._help, args=(me, _PAUSES if patient else 1), name=f"{_NAME}_{me}", daemon=True)
            for me in range(1, 1 + helpers)
        ]
        for thread in self._threads:
            thread.start()

    def share(self, kernel: Any, jobs: int, pieces: int, arguments: tuple[Any, ...]) -> None:
        """Run the compiled kernel(start, stop, *arguments) for all `jobs`, in `pieces`."""
        form = kernel, pack(self._board, *arguments)
        if form not in self._addresses:
            self._addresses[form] = _address(kernel, arguments)
        self._wake()
        share(self._board, next(self._numbers), self._addresses[form], jobs, pieces)

    def divide(self, parts: Iterator[Task]) -> None:
        """Run parts of work in Python, each on the next free thread. They should release the GIL most of the time."""

        def work() -> None:
            for part in parts:
                part()

        self._task, self._faults = work, []
        try:
            put_up(self._board, next(self._numbers))
            self._wake()
            work()
        finally:
            take_down(self._board)
            self._task = _nothing
        if self._faults:
            raise self._faults[0]

    def dismiss(self) -> None:
        """End the helper threads, and wait for their end."""
        if os.getpid() != self.process:
            return
        self._is_dismissed = True
        self._awake.set()
        for thread in self._threads:
            if thread is not threading.current_thread():  # where garbage may be collected, too
                thread.join()

    def _wake(self) -> None:
        if not self._awake.is_set():
            self._awake.set()

    def _help(self, me: int, pauses: int) -> None:
        while not self._is_dismissed:
            self._look(me, pauses)
            self._awake.clear()
            self._look(me, 1)  # for what was put up while nobody had to be woken
            if not self._is_dismissed:
                self._awake.wait()

    def _look(self, me: int, pauses: int) -> None:
        """Help until no work has come for a number of pauses."""
        number = help_with(self._board, me, 0, pauses)
        while number:
            try:
                self._task()
            except BaseException as fault:  # any error is raised by the thread that put up the work
                self._faults.append(fault)
            finally:
                leave(self._board)
            number = help_with(self._board, me, number, pauses)


def _address(kernel: Any, arguments: tuple[Any, ...]) -> int:
    """The address of the machine code of a kernel for these arguments."""
    given = int64, int64, *map(typeof, arguments)
    kernel.compile(given)
    form = kernel.overloads[given]
    address: int = form.library.get_pointer_to_function(form.fndesc.mangled_name)
    if address == 0:  # as it says of a name that it does not know
        raise LookupError(f"there must be machine code of {form.fndesc.mangled_name}")
    return address


def _nothing() -> None:
    """Does nothing: the work of a helper that comes too late."""
