"""Does what is installed, from a wheel or editable, hold everything and work from any folder?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from lifsim.kernels import library, load, shipped
from lifsim.kernels.processor import this_processor

ROOT = Path(__file__).parents[1]
BUILD = "import sys, setuptools.build_meta as backend; print(getattr(backend, sys.argv[1])(sys.argv[2]))"


def _setuptools() -> int:
    try:
        return int(version("setuptools").partition(".")[0])
    except PackageNotFoundError:
        return 0


needs_setuptools = pytest.mark.skipif(_setuptools() < 77, reason="needs setuptools >= 77 (extra `test`)")
pytestmark = needs_setuptools


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the build reads, so that it leaves nothing in the source tree."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("lifsim", "arch_configs", "workloads", "tests/reference"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    return copy


def _build(source: Path, hook: str) -> Path:
    out = source / hook
    out.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", BUILD, hook, str(out)], cwd=source, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return wheel


def test_the_wheel_holds_every_module_and_data_file_and_nothing_else(source: Path) -> None:
    with zipfile.ZipFile(_build(source, "build_wheel")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lifsim").rglob("*.py")}
    tables = {
        path.relative_to(ROOT).as_posix() for kind in ("*.csv", "*.yaml") for path in (ROOT / "lifsim").rglob(kind)
    }
    shipped = {
        f"lifsim/{path.relative_to(ROOT).as_posix()}"
        for folder in ("arch_configs", "workloads")
        for path in (ROOT / folder).rglob("*.yaml")
    }
    shipped |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "lifsim" / "config" / "templates").glob("*.yaml")}
    report = ROOT / "lifsim" / "report" / "html"
    assets = (path for part in ("assets", "templates") for path in (report / part).rglob("*") if path.is_file())
    shipped |= {path.relative_to(ROOT).as_posix() for path in assets}
    figures = [path for path in (ROOT / "tests" / "reference").iterdir() if path.is_file()]
    shipped |= {f"lifsim/reference/{path.name}" for path in figures}
    assert names == modules | tables | shipped | {"lifsim/py.typed"}
    assert {"lifsim/arch_configs/sata128.yaml", "lifsim/workloads/vgg16_cifar10.yaml"} <= names
    assert {f"lifsim/report/html/assets/echarts/{name}" for name in ("echarts.min.js", "LICENSE", "NOTICE")} <= names


COMMANDS = (
    ("list archs", "sata128 "),
    ("list workloads", "vgg16_cifar10 "),
    ("--help", "Usage"),
    ("run --workload lenet5_mnist --html --force", "lenet5_mnist"),
    ("validate --section scalesim --section satasim", "27 figures, 27 equal"),
)


@pytest.mark.slow
@pytest.mark.parametrize("hook", ["build_wheel", "build_editable"])
def test_an_installed_lifsim_finds_its_files_from_any_folder(hook: str, source: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    folder = "Scripts" if os.name == "nt" else "bin"
    python = environment / folder / "python"
    _lend_dependencies(python)
    wheel = _build(source, hook)
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel)], check=True)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if hook == "build_wheel":  # as beside a clone: Python looks there first, and a folder may be a package
        (elsewhere / "lifsim").mkdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LIFSIM"))}
    script = "import lifsim, lifsim.config.arch as a; print(lifsim.__file__, a.load_arch('sata128.yaml').array.rows)"
    done = subprocess.run([python, "-c", script], cwd=elsewhere, env=clean, capture_output=True, text=True, check=True)
    file, rows = done.stdout.rsplit(maxsplit=1)
    assert Path(file).is_relative_to(environment if hook == "build_wheel" else source)
    assert rows == "16"

    for arguments, expected in COMMANDS:
        command = [str(environment / folder / "lifsim"), *arguments.split()]
        done = subprocess.run(command, cwd=elsewhere, env=clean, capture_output=True, text=True, check=True)
        assert expected in done.stdout


def _lend_dependencies(python: Path) -> None:
    """Lets the new environment import what this one has installed, but not its lifsim."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    lent = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (Path(packages) / "lent.pth").write_text("\n".join(lent) + "\n")


AHEAD = (
    "run --workload lenet5_mnist --set dram.device=ddr4_2400 --out run",
    "train --workload digits_cnn --epochs 1 --threads 2 --out weights.npz",
    "gradients --workload digits_cnn --weights weights.npz",
    "trace record --workload digits_cnn --weights weights.npz --input digits --threads 2 --out spikes.npz",
)
"""What is told to compile nothing where the wheel is."""


@pytest.mark.slow
@pytest.mark.skipif(load.compiler() != "library", reason="libraries are proven on Linux on x86-64 alone")
@pytest.mark.skipif(not any(map(shutil.which, library.LINKERS)), reason="no linker")
@pytest.mark.skipif(not this_processor().flags >= shipped.NEEDED, reason="this processor is older than x86-64-v3")
def test_a_wheel_with_kernels_compiles_nothing_and_changes_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / ".ci" / "wheel", tmp_path / "wheels"], check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert wheel.name.endswith("-py3-none-manylinux_2_17_x86_64.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    alone = {"PYTHONPATH": str(tmp_path / "installed"), "PATH": "", "LIFSIM_CACHE_DIR": str(tmp_path / "cache")}
    older = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": ""}
    made = []
    for environment, name in ((os.environ, "here"), (os.environ | alone, "there"), (os.environ | alone | older, "old")):
        (tmp_path / name).mkdir()
        for command in AHEAD:
            run = [sys.executable, "-m", "lifsim", *command.split()]
            ran = subprocess.run(run, cwd=tmp_path / name, env=environment, capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr
            assert name == "here" or "compiling" not in ran.stderr
        made.append([(tmp_path / name / file).read_bytes() for file in ("run/layers.csv", "weights.npz", "spikes.npz")])
    assert not (tmp_path / "cache").exists()
    assert made[0] == made[1] == made[2]
