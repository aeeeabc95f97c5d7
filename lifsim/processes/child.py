"""What a worker process does: answers tasks until its parent does not want it any longer, or is gone.

Messages to the parent: ("ready", None) once, then for each task ("answer", value) or ("error", exception).
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import Any, NoReturn

from lifsim.garbage import collect_seldom

CLEAN_UP_SECONDS = 5.0
"""How long a worker without a parent may take to end, before it is ended."""


def serve(pipe: int) -> NoReturn:
    """Answer what comes through the descriptor `pipe`: first what `lifsim.processes.worker.packed` packed, then tasks.
    Ends the process."""
    signal.signal(signal.SIGTERM, _end)
    status = 0
    try:
        _serve(Connection(pipe))
    except SystemExit:
        pass
    except OSError:  # the parent is gone
        pass
    except BaseException:  # a fault of LIFSim itself, outside of any task
        traceback.print_exc()
        status = 1
    os._exit(status)  # at once: what had to be cleaned up is


def _serve(connection: Connection) -> None:
    came: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(connection, came), daemon=True).start()
    try:
        collect_seldom()
        answer = ForkingPickler.loads(came.get())()
        connection.send(("ready", None))
    except Exception as error:
        connection.send(("error", _portable(error)))
        return
    while True:
        connection.send(_message(answer, came.get()))


def _message(answer: Callable[[Any], Any], task: bytes) -> tuple[str, object]:
    try:
        return "answer", answer(ForkingPickler.loads(task))
    except Exception as error:
        return "error", _portable(error)


def _read(connection: Connection, came: SimpleQueue[bytes]) -> None:
    """Put what comes into `came`. The end of it is the end of the worker, whatever it is doing."""
    try:
        while True:
            came.put(connection.recv_bytes())
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(CLEAN_UP_SECONDS)
        os._exit(0)


def _end(signum: int, _: object) -> NoReturn:
    """Unwind the main thread, once: a second signal must not stop it from cleaning up. Nobody wants to read what it
    still says, such as a library that panics where it is interrupted while it is loaded."""
    signal.signal(signum, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    raise SystemExit


def _portable(error: Exception) -> Exception:
    """`error` with the worker's traceback as a note, in a form that reaches the parent."""
    error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception_only(error)).strip())
    return error
