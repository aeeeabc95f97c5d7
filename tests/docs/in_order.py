"""Documents that go on from what they have made, Python and commands in turn, as their readers run them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

from lifsim.cli.main import main
from tests.checkout import ROOT

IN_ORDER = [ROOT / "docs" / "tutorials" / f"{name}.md" for name in ("spikingjelly", "snntorch")]
"""They need PyTorch and a framework; tests/recording runs them."""

_PARTS = re.compile(r"```python\n(?P<python>.*?)```|^ {4}(?P<command>lifsim (?:[^\n]*\\\n)*[^\n]*)", re.DOTALL | re.M)


def run_in_order(document: Path) -> str:
    """What it prints; the current folder is its reader's. Raises AssertionError where a command fails."""
    names: dict[str, object] = {}
    printed = io.StringIO()
    for part in _PARTS.finditer(document.read_text(encoding="utf-8")):
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            if part["python"]:
                exec(compile(part["python"], document.name, "exec"), names)  # noqa: S102
                continue
            command = shlex.split(part["command"].replace("\\\n", " "))
            status = main(command[1:])
        assert status == 0, f"{shlex.join(command)}\n{printed.getvalue()[-2000:]}"
    return printed.getvalue()
