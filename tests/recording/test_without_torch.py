"""Where PyTorch is not installed, is that said, and nothing else asked for it?"""

from __future__ import annotations

import subprocess
import sys

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.recording import api


def test_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r'record: needs PyTorch: pip install "lifsim\[torch\]"'):
        lifsim.record(lambda x: x, [], timesteps=1)


def test_nobody_else_imports_it() -> None:
    """A run, the list of readers and `lifsim.record` itself do without until something is recorded."""
    code = "import lifsim, sys; lifsim.run('sata128', 'lenet5_mnist'); lifsim.record; lifsim.cli.main"
    code = code.replace("lifsim.cli.main", "from lifsim.cli.main import main; main(['list', 'readers'])")
    code += "; assert 'torch' not in sys.modules and 'nir' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"norse", "sinabs", "snntorch", "spikingjelly"}


@pytest.mark.parametrize("timesteps", [0, 1025, True, 2.0, "4"])
def test_timesteps_are_checked_first(timesteps: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "find_spec", lambda _: True)
    with pytest.raises(InputError, match=r"timesteps: .* must be a whole number from 1 to 1024"):
        lifsim.record(lambda x: x, [], timesteps=timesteps)  # type: ignore[arg-type]
