"""Does a signal stop a command whose code loses the exception that the signal became?"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

import lifsim.cli.main as main_module
from lifsim.cli.main import main
from lifsim.cli.stopping import Stopped, stoppable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals as POSIX has them")


class Thing:
    """What a weak reference can refer to."""


class Finalized:
    """Stopped is raised in its finalizer, which Python drops."""

    def __del__(self) -> None:
        _stop()


class HalfDone:
    """Its finalizer finds it in a state that it cannot be left in, as a ZipFile whose member is still open."""

    def __del__(self) -> None:
        raise ValueError("half done")


def _stop(signum: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), signum)
    time.sleep(0.01)  # the handler runs before this is over


def _in_a_finalizer() -> None:
    Finalized()


def _in_a_callback() -> None:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: _stop(signal.SIGHUP))
    del thing
    assert reference() is None


def _caught() -> None:
    try:
        _stop(signal.SIGINT)
    except BaseException:
        return


LOSING = [(_in_a_finalizer, signal.SIGTERM), (_in_a_callback, signal.SIGHUP), (_caught, signal.SIGINT)]


def _work(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize(("lose", "signum"), LOSING)
def test_a_signal_that_was_lost_comes_again(lose: Callable[[], None], signum: int) -> None:
    def goes_on() -> None:
        with stoppable():
            lose()
            _work(60)

    with pytest.raises(Stopped) as stopped:
        goes_on()
    assert stopped.value.signum == signum


@pytest.mark.parametrize(("lose", "signum"), LOSING)
def test_a_command_that_ends_before_it_comes_again_was_stopped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lose: Callable[[], None], signum: int
) -> None:
    monkeypatch.setattr(main_module.cli, "invoke", lambda _: lose())
    before = signal.getsignal(signum)
    try:
        assert main(["list", "archs"]) == 128 + signum
    finally:
        signal.signal(signum, before)
    name = signal.Signals(signum).name
    assert capsys.readouterr().err == f"stopped by {name}: nothing unfinished is kept; the same command starts again\n"


def test_what_finalizers_make_of_things_half_done_is_not_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_done() -> None:
        thing = HalfDone()
        _stop()
        del thing

    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: dropped.append(unraisable.exc_value))
    monkeypatch.setattr(main_module.cli, "invoke", lambda _: half_done())
    assert main(["list", "archs"]) == 128 + signal.SIGTERM
    gc.collect()
    assert [each for each in gc.get_objects() if type(each) is HalfDone] == []
    assert dropped == []
    assert capsys.readouterr().err == "stopped by SIGTERM: nothing unfinished is kept; the same command starts again\n"


@pytest.mark.parametrize("stops", [True, False])
def test_what_threads_raise_is_told_but_after_a_stop(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stops: bool
) -> None:
    def thread_fails() -> None:
        try:
            if stops:
                _stop()
        finally:
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()

    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: told.append(raised.exc_type))
    monkeypatch.setattr(main_module.cli, "invoke", lambda _: thread_fails())
    assert main(["list", "archs"]) == (128 + signal.SIGTERM if stops else 0)
    assert told == ([] if stops else [ZeroDivisionError])
    assert "Traceback" not in capsys.readouterr().err


class PanicError(BaseException):
    """What a library of another language raises where it is interrupted."""


def test_what_a_library_makes_of_a_stop_is_the_stop(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def panics() -> None:
        try:
            _stop()
        except Stopped:
            raise PanicError from None

    monkeypatch.setattr(main_module.cli, "invoke", lambda _: panics())
    assert main(["list", "archs"]) == 128 + signal.SIGTERM
    assert capsys.readouterr().err == "stopped by SIGTERM: nothing unfinished is kept; the same command starts again\n"


def test_what_finalizers_raise_is_told_of_a_command_that_was_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: dropped.append(unraisable.exc_value))
    monkeypatch.setattr(main_module.cli, "invoke", lambda _: HalfDone() and None)
    assert main(["list", "archs"]) == 0
    assert [str(error) for error in dropped] == ["half done"]


def test_the_clean_up_is_not_interrupted() -> None:
    cleaned = []

    def cleans_up() -> None:
        with stoppable():
            try:
                _stop()
            finally:
                try:
                    raise KeyError
                except KeyError:
                    _work(0.5)
                _work(0.5)
                cleaned.append(True)

    with pytest.raises(Stopped):
        cleans_up()
    assert cleaned == [True]


def test_the_timer_is_left_as_it_was() -> None:
    handler, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    with pytest.raises(Stopped), stoppable():
        _stop()
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL)[1] == timer[1]
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (timer[0] > 0)


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    hooks = sys.unraisablehook, threading.excepthook
    yield
    sys.unraisablehook, threading.excepthook = hooks
    for number, handler in before.items():
        signal.signal(number, handler)
