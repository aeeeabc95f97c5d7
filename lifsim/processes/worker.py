"""One worker process: a Python of its own that imports nothing from the current folder.

It is no process of `multiprocessing`: these import from wherever their parent was started, die with a traceback of an
interrupt that was meant for their parent, and need helper processes that outlive a killed parent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1] / "__init__.py"

_BOOT = """\
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
import json, sys
from importlib.util import module_from_spec, spec_from_file_location
start = json.loads(sys.argv[1])
sys.path += [folder for folder in start["path"] if folder not in sys.path]
spec = spec_from_file_location("lifsim", start["package"])
sys.modules["lifsim"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["lifsim"])
from lifsim.processes.child import serve
serve(start["pipe"])
"""
"""LIFSim is loaded from where it is loaded here, everything else from where Python finds it by itself first."""


class Worker:
    """A process that answers tasks. setup: see `packed`. It is started at once, and given `setup` by `begin`, so that
    several start beside each other."""

    def __init__(self, setup: bytes) -> None:
        self._setup = setup
        self.connection, other = Pipe()
        start = {"pipe": other.fileno(), "package": str(_PACKAGE), "path": _path()}
        # -P: neither the current folder nor that of a script. A session of its own: what the terminal tells this
        # process, an interrupt or its own end, is not the worker's affair.
        command = [sys.executable, "-P", *_flags(), "-c", _BOOT, json.dumps(start)]
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
        finally:
            other.close()

    def begin(self) -> None:
        """Send it what it needs. Raises OSError if it is dead."""
        self.connection.send_bytes(self._setup)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, task: object) -> None:
        """Raises OSError if it is dead."""
        self.connection.send(task)

    def receive(self) -> Any:
        """The next message, see lifsim.processes.child. Raises EOFError or OSError where it is dead."""
        return self.connection.recv()

    def ask_to_end(self) -> None:
        """It cleans up and ends, unless it is stuck."""
        self.connection.close()
        self._process.terminate()

    def end(self, timeout_s: float) -> int:
        """Wait for its end, then kill it; its exit code, -n where signal n ended it."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def packed(setup: object) -> bytes:
    """`setup`, called in a worker, gives the function that answers its tasks."""
    return bytes(ForkingPickler.dumps(setup))


def _path() -> list[str]:
    """Where this process imports from, but for the current folder."""
    here = Path()  # it may have been deleted, and has no name then
    return [folder for folder in sys.path if Path(folder).is_absolute() and not _is_same(Path(folder), here)]


def _is_same(folder: Path, here: Path) -> bool:
    try:
        return folder.samefile(here)
    except OSError:
        return False


def _flags() -> list[str]:
    """Of this Python's own isolation, what workers must keep to."""
    asked = {"-E": sys.flags.ignore_environment, "-s": sys.flags.no_user_site}
    return [flag for flag, given in asked.items() if given]
