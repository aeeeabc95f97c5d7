"""The README's two set-up commands, one after the other in one checkout, as printed: does what they install run, and is
nothing left of it after uninstalling?

The environment that they make is lent the dependencies of this one, so that no network is needed; `.ci/run` installs
them from the index.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import ROOT, changes, copy_checkout
from tests.test_packaging import needs_setuptools

SET_UP = re.compile(r"^python3 -m venv .*$", re.MULTILINE)
OWN = ("lifsim", "__editable__")
Shell = Callable[[str], str]

pytestmark = [
    needs_setuptools,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the README's lines are a shell's"),
    pytest.mark.skipif(not importlib.util.find_spec("ensurepip"), reason="this Python makes no environments with pip"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture
def shell(checkout: Path, tmp_path: Path) -> Shell:
    """Runs a line in the checkout, in a shell that knows nothing of this environment but its python3."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    others = ("PYTHON", "LIFSIM", "PYTEST", "PIP", "VIRTUAL_ENV")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    clean |= {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's word for: without isolation
        "PYTEST_ADDOPTS": "tests/test_units.py -p no:cacheprovider",  # of the tests one file: they are running already
    }

    def run(line: str) -> str:
        command = ["sh", "-e", "-c", line]
        done = subprocess.run(command, cwd=checkout, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run("python3 -m venv .venv")
    _lend_packages(checkout / ".venv", tmp_path / "lent")
    return run


def _lend_packages(environment: Path, lent: Path) -> None:
    """Lets the environment import what this one has installed, but for LIFSim itself and pip; and run its pytest."""
    lent.mkdir()
    for installed in dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))):
        for entry in Path(installed).iterdir():
            if not entry.name.startswith((*OWN, "pip")) and not (lent / entry.name).exists():
                (lent / entry.name).symlink_to(entry)
    (_site_packages(environment) / "lent.pth").write_text(f"import sys; sys.path.insert(0, {str(lent)!r})\n")
    pytest_program = environment / "bin" / "pytest"
    pytest_program.write_text(f'#!/bin/sh\nexec {environment / "bin" / "python"} -m pytest "$@"\n')
    pytest_program.chmod(0o755)


def _site_packages(environment: Path) -> Path:
    (found,) = (environment / "lib").glob("python3.*/site-packages")
    return found


def _of_lifsim(environment: Path) -> set[str]:
    """The files of LIFSim in site-packages, but for what Python compiles of each module."""
    packages = _site_packages(environment)
    own = [entry for entry in packages.iterdir() if any(name in entry.name for name in OWN)]
    files = [path for entry in own for path in ([entry] if entry.is_file() else entry.rglob("*"))]
    return {path.relative_to(packages).as_posix() for path in files if path.is_file() and path.suffix != ".pyc"}


def test_the_readme_sets_up_a_fresh_checkout_and_leaves_nothing(checkout: Path, shell: Shell) -> None:
    run_it, test_it = SET_UP.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    environment = checkout / ".venv"

    said = shell(run_it)
    assert "channel4" in said
    installed = _of_lifsim(environment)
    (record,) = _site_packages(environment).glob("lifsim-*.dist-info/RECORD")
    assert installed == set(re.findall(r"^(lifsim[^,]*(?<!\.pyc)),", record.read_text(), re.MULTILINE))
    where = "cd / && python -c 'import lifsim; print(lifsim.__file__)'"
    assert str(environment) in shell(f". .venv/bin/activate && {where}")

    assert "passed" in shell(test_it)
    assert shell(f". .venv/bin/activate && {where}").strip() == str(checkout / "lifsim" / "__init__.py")
    shell(". .venv/bin/activate && lifsim run --arch sata128.yaml --sharing channel4")
    engine = "import lifsim.engine.convolution, lifsim.engine.neurons, lifsim.engine.training.adjoint"
    shell(f". .venv/bin/activate && python -c '{engine}' && lifsim memory")
    assert not [*checkout.rglob("*.nbi"), *checkout.rglob("*.nbc"), *(checkout / "lifsim").rglob("*.o")]

    shell(". .venv/bin/activate && pip uninstall --yes lifsim")
    assert not [path for path in _site_packages(environment).rglob("*") if any(name in path.name for name in OWN)]
    shell(". .venv/bin/activate && cd / && ! python -c 'import lifsim' 2>/dev/null")
    assert changes(checkout) == ""


def test_an_install_alone_leaves_nothing_either(checkout: Path, shell: Shell) -> None:
    environment = checkout / ".venv"
    shell(". .venv/bin/activate && pip install . && cd / && lifsim run --workload lenet5_mnist --out $(mktemp -d)/out")
    assert "lifsim/kernels/cache.py" in _of_lifsim(environment)
    shell(". .venv/bin/activate && pip uninstall --yes lifsim")
    assert not [path for path in _site_packages(environment).rglob("*") if any(name in path.name for name in OWN)]
