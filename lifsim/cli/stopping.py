"""What ends a command from outside: signals become an exception, so that everything is cleaned up on the way out."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from lifsim.errors import Fault, InputError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

CLEAN_UP_SECONDS = 5.0
"""How long a command may clean up before a second signal interrupts that."""

_NOTHING = "nothing unfinished is kept; the same command starts again"


class Stopped(BaseException):
    """A signal asked the command to end. kept: what it leaves and how to go on, in words."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signal.Signals(signum)
        self.kept = _NOTHING

    def __str__(self) -> str:
        return f"stopped by {self.signum.name}: {self.kept}"

    @property
    def status(self) -> int:
        """The exit code, as a shell reports the end by that signal."""
        return 128 + self.signum


class Stopping:
    """Raises Stopped in the main thread when a signal comes; stopped: what was raised, whatever others made of it."""

    def __init__(self) -> None:
        self.stopped: Stopped | None = None
        self._at = 0.0

    def __call__(self, signum: int, _: FrameType | None) -> None:
        """The handler. A terminal that closes sends several signals: only the first one interrupts the clean-up."""
        now = time.monotonic()
        if self.stopped is not None and now - self._at < CLEAN_UP_SECONDS:
            return
        self.stopped, self._at = Stopped(signum), now
        raise self.stopped


@contextmanager
def stoppable() -> Iterator[Stopping]:
    """Signals raise Stopped inside, but for those that this process was told to ignore, as `nohup` does. Once stopped,
    the process is to end: further ones are ignored."""
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in heard:
        signal.signal(number, stopping)
    try:
        yield stopping
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_IGN if stopping.stopped else before[number])


@contextmanager
def keeping(kept: Callable[[], str]) -> Iterator[None]:
    """What is kept when the block does not come to its end, stopped or with a fault, is told with the reason."""
    try:
        yield
    except Stopped as stopped:
        stopped.kept = kept()
        raise
    except InputError as error:
        raise InputError([*error.faults, Fault(kept())]) from error
