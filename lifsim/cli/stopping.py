"""What ends a command from outside: signals become an exception, so that everything is cleaned up on the way out."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from lifsim.errors import Fault, InputError, Interruption

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

CLEAN_UP_SECONDS = 5.0
"""How long a command may clean up before a second signal interrupts that."""

AGAIN_SECONDS = 0.2
"""How long Stopped may be lost before it is raised again."""

_NOTHING = "nothing unfinished is kept; the same command starts again"


class Stopped(Interruption):
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
    """Raises Stopped in the main thread when a signal comes; stopped: what was raised, whatever others made of it.

    Python drops what is raised inside finalizers and callbacks of weak references or of C code, and some code catches
    everything: where nothing unwinds any longer, Stopped is raised again, until something ends by it.
    """

    def __init__(self) -> None:
        self.stopped: Stopped | None = None
        self._at = 0.0
        self._over = False

    def __call__(self, signum: int, _: FrameType | None) -> None:
        """The handler. A terminal that closes sends several signals: only the first one interrupts the clean-up."""
        now = time.monotonic()
        if self._over or (self.stopped is not None and now - self._at < CLEAN_UP_SECONDS):
            return
        self.stopped, self._at = Stopped(signum), now
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._again)
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS, AGAIN_SECONDS)
        raise self.stopped

    def over(self) -> None:
        """The command has come to its end, one way or another: nothing is raised from now on."""
        self._over = True

    def _again(self, _: int, __: FrameType | None) -> None:
        if self.stopped is not None and not self._over and not self._unwinds():
            raise self.stopped

    def _unwinds(self) -> bool:
        """Whether what runs now is the clean-up: handles Stopped, or what came of it."""
        error = sys.exception()
        while error is not None and not isinstance(error, Stopped):
            error = error.__context__
        return error is not None


@contextmanager
def stoppable() -> Iterator[Stopping]:
    """Inside, signals raise Stopped, except those that this process was told to ignore, as `nohup` does. Once
    stopped, the process is about to end and ignores further signals."""
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    with _alarm_as_before(), _dropped_in_silence(stopping):
        for number in heard:
            signal.signal(number, stopping)
        try:
            yield stopping
        finally:
            stopping.over()
            for number in heard:
                signal.signal(number, signal.SIG_IGN if stopping.stopped else before[number])


@contextmanager
def _alarm_as_before() -> Iterator[None]:
    """The process's timer may serve others, who get it back."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    handler, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGALRM) is not handler:
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, handler)


@contextmanager
def _dropped_in_silence(stopping: Stopping) -> Iterator[None]:
    """A Stopped that Python drops is raised again: no traceback tells of it. Nor of what finalizers and threads make of
    the things that it left half done, which may happen as late as the end of the process: a ZipFile, say, whose member
    is open, or a pool whose processes are gone."""
    before, of_threads = sys.unraisablehook, threading.excepthook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if stopping.stopped is None:
            before(unraisable)

    def thread_hook(raised: threading.ExceptHookArgs) -> None:
        if stopping.stopped is None:
            of_threads(raised)

    sys.unraisablehook, threading.excepthook = hook, thread_hook
    try:
        yield
    finally:
        stopped = stopping.stopped is not None
        sys.unraisablehook = _silence if stopped else before
        threading.excepthook = _silence if stopped else of_threads


def _silence(_: object) -> None:
    """To the end of the process. It holds nothing of what was stopped, which would outlive it."""


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


@contextmanager
def kept_when_stopped(kept: str) -> Iterator[None]:
    """As `keeping`, of a block whose faults are told before it does anything that could be kept."""
    try:
        yield
    except Stopped as stopped:
        stopped.kept = kept
        raise
