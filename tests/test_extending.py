"""Does a member of another package work like a shipped one, once it is installed?"""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.contract import bases_of
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Dataflow, Gemm, dense_cycles
from lifsim.registry import KINDS, Registry, registry_of

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = ("broadcast", "one_of_each")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example packages, installed into a folder of their own."""
    folder, sources = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("sources")
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "build")
    copies = [shutil.copytree(DOCS / "extending" / name, sources / name, ignore=ignored) for name in EXAMPLES]
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(folder), *map(str, copies)], check=True, capture_output=True)
    return folder


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f"import sys; sys.path.append({str(folder)!r}); from lifsim.cli.main import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)


def test_an_installed_dataflow_is_listed_run_and_explained(installed: Path, tmp_path: Path) -> None:
    listed = _run(installed, "list", "dataflows")
    assert "output-stationary with broadcast buses (package lifsim-broadcast)" in listed.stdout
    chosen = ["--workload", "lenet5_mnist", "--set", "array.dataflow=broadcast"]
    ran = _run(installed, "run", *chosen, "--format", "csv", "--out", str(tmp_path / "run"))
    assert ran.returncode == 0, ran.stderr
    explained = _run(installed, "explain", *chosen, "--layer", "conv2")
    assert "nothing: operands are broadcast" in explained.stdout, explained.stderr


def test_installed_members_of_every_kind_are_listed_with_their_package(installed: Path) -> None:
    kinds = ("dataflows", "sparsities", "neurons", "layers", "memories", "accountings", "optimizers")
    everything = f"import sys; sys.path.append({str(installed)!r}); from lifsim.cli.main import main\n"
    everything += "".join(f"main(['list', {kind!r}])\n" for kind in kinds)
    told = subprocess.run([sys.executable, "-c", everything], capture_output=True, text=True, check=True).stdout
    others = [" ".join(line.split()) for line in told.splitlines() if "(package " in line]
    assert others == [
        "broadcast output-stationary with broadcast buses (package lifsim-broadcast)",
        "wake a PE sleeps where no input of its output spikes (package lifsim-one-of-each)",
        "rectified leaky integrate-and-fire, the membrane never below 0 (package lifsim-one-of-each)",
        "pointwise convolution of one pixel (package lifsim-one-of-each)",
        "halved half of bandwidth_bytes_per_s, reads answered latency_ns later (package lifsim-one-of-each)",
        "on_chip LIFSim's own, with the energy of the chip alone (package lifsim-one-of-each)",
        "signed w -= rate sign(m), m a running mean of the gradient (package lifsim-one-of-each)",
    ]


NET = """
name: net
timesteps: 4
input: {shape: [3, 8, 8], encoding: rate}
neuron: {model: NEURON}
layers:
- {name: mix, op: pointwise, filters: 8}
- {name: lif, op: lif}
- {name: fc, op: linear, out: 4}
spikes: {source: rates, provenance: nobody, rates: {mix: 0.05, fc: 0.5}}
"""


def test_one_run_has_an_installed_member_of_every_other_kind(installed: Path, tmp_path: Path) -> None:
    """Beside shipped ones of which each says what is other about it."""
    machines = {
        "shipped": ("gate", "bandwidth", "lifsim", "lif"),
        "installed": ("wake", "halved", "on_chip", "rectified"),
    }
    found = {}
    for name, (sparsity, memory, accounting, neuron) in machines.items():
        net = tmp_path / f"{name}.yaml"
        net.write_text(NET.replace("NEURON", neuron))
        keys = [f"array.sparsity={sparsity}", f"dram.model={memory}", f"accounting={accounting}"]
        keys += ["dram.bandwidth_bytes_per_s=20MB", "dram.energy_pj_per_bit=4.0", "dram.source=nobody"]
        settings = [part for key in keys for part in ("--set", key)]
        out = tmp_path / name
        ran = _run(installed, "run", "--workload", str(net), "--spikes", "engine", "--out", str(out), *settings)
        assert ran.returncode == 0, ran.stderr
        found[name] = json.loads((out / "summary.json").read_text())
    plain, other = found["shipped"], found["installed"]
    assert plain["energy_pj"]["dram"]["total"] > 0 == other["energy_pj"]["dram"]["total"]
    assert other["cycles"]["total"] > plain["cycles"]["total"]
    assert other["ops"]["macs_effective"] > plain["ops"]["macs_effective"]
    assert other["ops"]["macs_dense"] == plain["ops"]["macs_dense"] == 4 * (64 * 3 * 8 + 512 * 4)
    assert "energy is the chip's alone: DRAM costs nothing" in other["notes"]


def test_an_installed_optimizer_changes_weights(installed: Path, tmp_path: Path) -> None:
    """Of 16 bits, with a value of 32 kept of each: 12 bytes a weight."""
    chosen = ["--mode", "training", "--optimizer", "signed", "--workload", "lenet5_mnist", "--batch", "1"]
    ran = _run(installed, "run", *chosen, "--set", "dram.model=ideal", "--out", str(tmp_path / "run"))
    assert ran.returncode == 0, ran.stderr
    moved = json.loads((tmp_path / "run" / "summary.json").read_text())["dram_bytes"]
    weights = sum(layer.weights for layer in lifsim.load_workload("lenet5_mnist").layers)
    assert (moved["weight_updates"], moved["optimizer_state"]) == (4 * weights, 8 * weights)


def test_without_it_the_name_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--set", "array.dataflow=broadcast"]) == 2
    assert "'broadcast' must be one of is, os, row_stationary, sata, ws" in capsys.readouterr().err


def test_a_package_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name, module, value, dist = "broken", "no_such_module", "no_such_module:Broken", None

        def load(self) -> None:
            raise ImportError("no such module")

    monkeypatch.setattr(
        "lifsim.registry.entry_points", lambda group: [Broken()] if group == "broken" else entry_points()
    )
    registry: Registry = Registry("dataflow", Dataflow, "lifsim.hardware.array.dataflow", "broken")
    for _ in range(2):  # who asks again is told again
        with pytest.raises(
            InputError, match=r"member broken \(no_such_module\): dataflow .* must load, but: ImportError"
        ):
            registry["broken"]
        assert not list(registry)


ROGUE = """
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary

class Rogue(OutputStationary):
    name, title = "NAME", "of a package that fails"

    def operands(self, gemm, shape):
        return {}["no such key"]
"""


def _rogue(folder: Path, name: str) -> list[str]:
    """A package whose entry point is `rogue`, installed by hand; the command that runs its member."""
    (folder / "rogue_package.py").write_text(ROGUE.replace("NAME", name))
    about = folder / "rogue_package-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rogue-package\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[lifsim.dataflows]\nrogue = rogue_package:Rogue\n")
    return ["run", "--workload", "lenet5_mnist", "--set", f"array.dataflow={name}", "--set", "dram.model=ideal"]


def test_what_a_member_of_another_package_raises_is_that_packages_fault(tmp_path: Path) -> None:
    command = _rogue(tmp_path, "rogue")
    ran = _run(tmp_path, *command, "--out", str(tmp_path / "run"))
    told = "member rogue (rogue-package) operands: must return Operands, raised KeyError('no such key')"
    way_out = "mend rogue_package.Rogue.operands, or name another dataflow (`lifsim list` has them)"
    assert (ran.returncode, ran.stderr) == (2, f"{told} (--debug shows where); {way_out}\n")
    assert not (tmp_path / "run").exists()
    assert "rogue_package.py" in _run(tmp_path, *command, "--debug").stderr


def test_one_point_of_a_sweep_fails_in_these_words_and_the_others_go_on(tmp_path: Path) -> None:
    """Whatever ends it: the exit of a member ended the command as if all was well."""
    _rogue(tmp_path, "rogue")
    module = tmp_path / "rogue_package.py"
    module.write_text("import sys\n" + module.read_text().replace('return {}["no such key"]', "sys.exit(0)"))
    chosen = ["--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--out", str(tmp_path / "sweep")]
    swept = _run(tmp_path, "sweep", *chosen, "--vary", "array.dataflow=os,rogue,ws")
    assert "1 of 3 points failed, the other 2 have figures" in swept.stderr
    assert "member rogue (rogue-package) operands: must return Operands, raised SystemExit(0)" in swept.stderr
    exported = _run(tmp_path, "store", "export", str(tmp_path / "sweep"), "--out", str(tmp_path / "points.csv"))
    assert "raised SystemExit(0)" in (tmp_path / "points.csv").read_text(), exported.stderr


def test_of_members_in_one_module_the_one_at_work_is_blamed(tmp_path: Path) -> None:
    command = _rogue(tmp_path, "rogue")
    with (tmp_path / "rogue_package.py").open("a") as module:
        module.write("\nclass Other(OutputStationary):\n    name = title = 'zealot'\n")
    with (tmp_path / "rogue_package-1.0.dist-info" / "entry_points.txt").open("a") as entries:
        entries.write("zealot = rogue_package:Other\n")
    assert "member rogue (rogue-package) operands: must return" in _run(tmp_path, *command).stderr


def test_an_entry_point_that_has_another_name_than_its_member_is_refused(tmp_path: Path) -> None:
    ran = _run(tmp_path, *_rogue(tmp_path, "other"))
    assert ran.returncode == 2
    assert "member rogue (rogue-package): dataflow rogue_package:Rogue must load, but" in ran.stderr
    assert "it is called 'other': its entry point must have the same name" in ran.stderr


def test_what_other_packages_break_breaks_no_run_that_does_not_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(registry: Registry) -> None:
        raise AssertionError(f"{registry.kind} of other packages are loaded")

    monkeypatch.setattr(Registry, "_load_others", never)
    assert lifsim.run("sata128", "lenet5_mnist", overrides=["dram.model=ideal"]).totals.cycles.total > 0
    assert lifsim.load_arch("eyeriss_like", ["dram.energy=per_bit"]).dram.priced_by == "per_bit"


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match=r"'os' of .* must have another name"):
        DATAFLOWS.register(type(DATAFLOWS["os"]))


def test_every_shipped_dataflow_runs_and_multiplies_once() -> None:
    gemm, shape = Gemm(64, 27, 16), ArrayShape(8, 4)
    for dataflow in DATAFLOWS.values():
        cycles = dense_cycles(dataflow, gemm, shape, 2, tick_batched=True)
        assert cycles.array * shape.pes >= 2 * gemm.macs
    result = lifsim.run("eyeriss_like", "lenet5_mnist", overrides=("array.dataflow=row_stationary",))
    assert result.totals.cycles.total > 0


def test_the_page_says_of_every_kind_where_its_members_are() -> None:
    page = (DOCS / "extending.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    for kind in KINDS:
        registry = registry_of(kind)
        row = next(row for row in rows if row.startswith(f"| {registry.kind} |"))
        assert f"| {registry.folder.replace('.', '/')}/ | `{registry.group}` |" in row


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_says_all_that_a_protocol_asks(kind: str) -> None:
    page = (DOCS / "extending.md").read_text(encoding="utf-8")
    for base in bases_of(registry_of(kind).protocol):
        for name in {*inspect.get_annotations(base), *vars(base)}:
            assert name.startswith("_") or re.search(rf"`[^`]*\b{name}\b[^`]*`", page), name
