"""Does `import lifsim` offer what it says, and cost nothing?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lifsim

PUBLIC = {
    "Arch",
    "ImportedNetwork",
    "InputError",
    "Network",
    "Options",
    "Recording",
    "Result",
    "Sharing",
    "__version__",
    "beside_none",
    "compare",
    "gradients",
    "import_onnx",
    "infer",
    "load_arch",
    "load_workload",
    "plot",
    "prices",
    "record",
    "run",
    "sweep",
    "write_report",
}


def _python(code: str) -> str:
    """What a Python of its own prints."""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def test_all_names_are_told() -> None:
    assert set(lifsim.__all__) == PUBLIC
    assert list(lifsim.__all__) == sorted(lifsim.__all__)


def test_a_session_that_begins_completes_every_name() -> None:
    names = _python("import lifsim; print(*dir(lifsim))").split()
    assert set(names) >= PUBLIC
    assert not [name for name in names if name.startswith("_") and not name.startswith("__")]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_name_is_there(name: str) -> None:
    assert getattr(lifsim, name) is not None
    scope: dict[str, object] = {}
    exec(f"from lifsim import {name} as found", scope)  # noqa: S102
    assert scope["found"] is getattr(lifsim, name)


def test_what_is_not_there_is_told_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'lifsim' has no attribute 'rnu'"):
        _ = lifsim.rnu


def test_importing_it_imports_nothing_that_costs() -> None:
    code = "import lifsim, sys; dir(lifsim); print(*{'numpy', 'pydantic', 'pandas', 'click'} & set(sys.modules))"
    assert _python(code) == ""


def test_sweep_is_the_function_whatever_was_imported_before() -> None:
    code = "import lifsim.sweeps.store, lifsim.report.plot, lifsim; print(callable(lifsim.sweep), callable(lifsim.run))"
    assert _python(code) == "True True"


CALLER = """\
import lifsim

result: lifsim.Result = lifsim.run("sata128", "lenet5_mnist", lifsim.Sharing.parse("layer"), schedule="auto")
arch: lifsim.Arch = lifsim.load_arch("sata128", ["array.rows=8"])
network: lifsim.Network = lifsim.load_workload("lenet5_mnist")
lifsim.run(arch, network, options=lifsim.Options(batch=2))
swept = lifsim.sweep([arch, "eyeriss_like"], network, ["none", "layer"], vary={"array.cols": [4, 8]})
lifsim.plot.sweep(swept, x="array.cols").savefig("x.png")
lifsim.plot.roofline(result)
compared = lifsim.compare(result, "reports/a", sharing=["none", "layer"], batch=[1, 2], rows="energy", baseline=1)
compared["cycles.total"].max()
lifsim.write_report(result, "reports/a", out="reports/both.html", baseline=1).stat()
lifsim.write_report(result)  # error: Missing named argument "out"
lifsim.compare(batch="2")  # error: incompatible type "str"
lifsim.run(schedule=2)  # error: incompatible type "int"
lifsim.run(arch, network, "none", "tick")  # error: Too many positional arguments
lifsim.sweep(batch="2")  # error: incompatible type "str"
lifsim.rnu()  # error: Module has no attribute "rnu"
"""


@pytest.mark.slow
def test_a_type_checker_of_the_caller_sees_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mypy = pytest.importorskip("mypy.api")
    (tmp_path / "caller.py").write_text(CALLER)
    monkeypatch.setenv("MYPYPATH", str(Path(lifsim.__file__).parents[1]))
    options = ["--config-file=", "--strict", f"--cache-dir={tmp_path / 'cache'}", "--follow-imports=silent"]
    out, err, _ = mypy.run([*options, str(tmp_path / "caller.py")])
    assert err == ""
    found: dict[int, str] = {}
    for line in out.splitlines():
        if ": error: " in line:
            found[int(line.split(":")[1])] = found.get(int(line.split(":")[1]), "") + line
    lines = CALLER.splitlines()
    wanted = {number: line.partition("# error: ")[2] for number, line in enumerate(lines, 1) if "# error: " in line}
    assert found.keys() == wanted.keys(), out
    for number, told in wanted.items():
        assert told in found[number]
