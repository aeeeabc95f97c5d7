"""Do files to begin with run as they are, is a machine shown with the prices that its runs pay, and are borrowed parts
told?"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import lifsim
from lifsim.accounting.price_list import PriceList
from lifsim.accounting.prices import BUFFERS
from lifsim.cli.main import main
from lifsim.config.document import read_document
from lifsim.config.resolve import available
from lifsim.errors import InputError
from lifsim.hardware.components import kernels
from lifsim.model.arch import Arch
from lifsim.model.buffers import Buffer

IDEAL = ("dram.model=ideal", "dram.energy=per_bit")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _bare(**keys: str) -> str:
    """The template without its components, with other keys."""
    main(["init", "arch", "whole", "--force"])
    lines = [line for line in Path("whole.yaml").read_text().splitlines() if not line.startswith(("  - {name", "comp"))]
    return "\n".join([*lines, *(f"{key}: {value}" for key, value in keys.items())]) + "\n"


def test_what_init_writes_runs_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "arch", "new folder/my machine"]) == 0
    assert main(["init", "workload"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == ["written to new folder/my machine.yaml", "written to my_network.yaml"]
    assert "  lifsim run --arch 'new folder/my machine.yaml'" in told.err
    assert main(["check", "new folder/my machine.yaml", "my_network.yaml"]) == 0
    files = "new folder/my machine.yaml", "my_network.yaml"
    assert capsys.readouterr().out == f"{files[0]}: ok (architecture)\n{files[1]}: ok (workload)\n"
    for sharing in ("none", "layer+channel2"):
        chosen = ["--sharing", sharing, "--share-where-possible"]
        assert main(["run", "--arch", files[0], "--workload", files[1], *chosen, "--out", sharing]) == 0
    summary = json.loads(Path("none/summary.json").read_text())
    assert summary["name"] == "my_network-my_machine-none"


@pytest.mark.parametrize("kind", ["arch", "workload"])
def test_templates_speak_of_every_key_that_their_schema_has_on_top(kind: str) -> None:
    from lifsim.config.workload_schema import Workload

    assert main(["init", kind, "one"]) == 0
    text = Path("one.yaml").read_text()
    others = {"satasim", "optimizer", "training", "norm_statistics"}
    for key in {*(Arch if kind == "arch" else Workload).model_fields} - others:
        assert f"{key}:" in text, key
    said = read_document(Path("one.yaml")).data
    if kind == "arch":
        for key in Buffer.model_fields:
            assert f"{key}" in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert said["name"] == "one"


def test_nothing_is_overwritten_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("mine")
    Path("folder.yaml").mkdir()
    for kind in ("arch", "workload"):
        assert main(["init", kind, "mine"]) == 2
        assert "mine.yaml exists and must not be overwritten" in capsys.readouterr().err
        assert main(["init", kind, "mine.yaml"]) == 2
        assert main(["init", kind, "folder"]) == 2
        assert main(["init", kind, "folder", "--force"]) == 2
        assert main(["init", kind, "mine.yaml/inner"]) == 2
        for name in ("", ".", "..", "/"):
            assert main(["init", kind, name]) == 2
            assert "must be the name of a file" in capsys.readouterr().err
    assert Path("mine.yaml").read_text() == "mine"
    assert main(["init", "arch", "mine", "--force"]) == 0
    assert "in the place of what was there" in capsys.readouterr().out
    assert main(["init", "arch", "mine"]) == 0
    assert "holds this already" in capsys.readouterr().out
    assert main(["init", "network"]) == 2


@pytest.mark.parametrize("name", available("arch"))
def test_the_prices_shown_are_those_that_runs_pay(name: str) -> None:
    """Area adds up to a run's, and each buffer's accesses at their prices to its work."""
    arch = lifsim.load_arch(name)
    prices = PriceList(arch)
    assert sum(row.area_mm2 or 0 for row in prices.rows) == pytest.approx(prices.area.total)
    if arch.accounting != "lifsim" or arch.array.dataflow == "row_stationary":
        return
    result = lifsim.run(arch, "lenet5_mnist", overrides=IDEAL if arch.dram.energy_pj_per_bit else ())
    assert result.totals.area_mm2 == pytest.approx(prices.area.total)
    paid = {row.access.split()[0] + row.part: row.pj or 0.0 for row in prices.rows if row.part.startswith("buffers")}
    for buffer in BUFFERS:
        words = [record.counts.words(buffer, getattr(arch.buffers, buffer).port_bits) for record in result.records]
        work = sum(
            one.reads * paid[f"readbuffers.{buffer}"] + one.writes * paid[f"writebuffers.{buffer}"] for one in words
        )
        assert getattr(result.totals.energy_pj.buffers, buffer).work == pytest.approx(work)


def test_a_machine_s_figures_are_as_computed_by_hand() -> None:
    prices = PriceList(lifsim.load_arch("sata128", ["dram.device=ddr4_2400"]))
    rows = {(row.part, row.access): row for row in prices.rows}
    assert prices.peak_macs_per_s == 128 * 400_000_000
    assert prices.peak_dram_bytes_per_s == pytest.approx(16 / 0.83e-9)
    assert prices.balanced_macs_per_byte == pytest.approx(51.2e9 / (16 / 0.83e-9))
    adder = rows["spike_mac.adder", "cycle"]
    assert (adder.number, adder.pj) == (128, pytest.approx(0.0367 / 400e6 * 1e9))
    assert adder.leakage_mw == pytest.approx(128 * 0.035e-3)
    spad = rows["spad.spad_spike", "cycle"]
    assert spad.number == 128 * 9


def test_a_device_s_commands_cost_what_its_currents_say() -> None:
    spec = lifsim.load_arch("sata128").dram.device
    assert spec is not None
    rows = {row.access: row for row in PriceList(lifsim.load_arch("sata128")).rows if row.part == "dram"}
    read = sum(one.VDD * (one.IDD4R - one.IDD3N) for one in spec.energy.supplies) * 4 * 1.25
    refresh = sum(one.VDD * (one.IDD5AB - one.IDD3N) for one in spec.energy.supplies) * 104 * 1.25
    asleep = sum(one.VDD * one.IDD6 for one in spec.energy.supplies)
    assert rows["burst of 32 bytes read"].pj == pytest.approx(read)
    assert rows["refresh"].pj == pytest.approx(refresh)
    assert rows["self-refresh"].standing_mw == pytest.approx(asleep)
    plain = PriceList(lifsim.load_arch("sata128", ["dram.model=ideal", "dram.energy=per_bit"]))
    assert plain.peak_dram_bytes_per_s is None
    assert [(row.access, row.pj) for row in plain.rows if row.part == "dram"] == [("bit moved", 5.066)]


@pytest.mark.parametrize("name", available("arch"))
def test_every_shipped_machine_is_shown_in_every_form(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arch", "show", name]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("peak", "area", "[1]  SATA_Sim's synthesis", "buffers.weight"))
    assert main(["arch", "show", name, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert main(["arch", "show", name, "--format", "json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert [row["part"] for row in rows] == [row["part"] for row in tree["prices"]]
    assert all(row["source"] for row in tree["prices"] if row["number"])
    assert sum(row["leakage_mw"] or 0 for row in tree["prices"]) == pytest.approx(tree["leakage_mw"])


def test_a_buffer_of_one_s_own_and_one_beyond_the_table_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    own = "{size_bytes: 3KiB, port_bits: 24, read_pj: 1.5, write_pj: 2.5, leakage_mw: 1, area_mm2: 0.5, source: me}"
    chosen = ["--set", f"buffers.weight={own}", "--set", "buffers.psum.size_bytes=0"]
    assert main(["arch", "show", "sata128", *chosen, "--set", "buffers.membrane.size_bytes=16MiB"]) == 0
    told = capsys.readouterr().out
    assert "read of 24 bits" in told
    assert "me\n" in told
    assert "beyond its table of 1 KiB to 4 MiB" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nope"], "must be a file or a shipped architecture"),
        (["sata182"], "did you mean 'sata128'?"),
        (["vgg16_cifar10"], "must be a file or a shipped architecture"),
        (["sata128", "--dram", "hmb2"], "did you mean 'hbm2'?"),
        (["sata128", "--set", "array.rows=0"], "0 must be >= 1"),
        (["sata128", "--set", "timesteps=4"], "timesteps"),
        (["sata128", "--set", "components.adder.kernel=adderr"], "(lifsim list kernels); did you mean 'adder'?"),
        (["sata128", "--set", "components.adder.width_bits=17"], "which has 2, 4, 8, 16, 32"),
        (["sata128", "--set", "buffers.weight.port_bits=17"], "must be one of 32, 64"),
        (["."], "is a directory"),
    ],
)
def test_what_is_no_machine_is_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arch", "show", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_components_that_are_missing_are_lent_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bare.yaml").write_text(_bare())
    capsys.readouterr()
    arch = lifsim.load_arch("bare.yaml")
    assert arch.components == lifsim.load_arch("sata128").components
    assert main(["check", "bare.yaml", "whole.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "bare.yaml: it names no components: those of sata128 are priced"
    run = ["run", "--workload", "lenet5_mnist"]
    assert main([*run, "--arch", "bare.yaml", "--out", "a"]) == 0
    line = "whole names no components: PEs and LIF units are priced as those of sata128"
    assert line in " ".join(capsys.readouterr().out.split())
    assert any(line in note for note in json.loads(Path("a/summary.json").read_text())["notes"])
    assert main(["run", "--config", "a/config.resolved.yaml", "--out", "b"]) == 0
    assert line in " ".join(capsys.readouterr().out.split())
    assert main(["arch", "show", "bare.yaml"]) == 0
    assert "none of its own: those of sata128" in " ".join(capsys.readouterr().out.split())
    assert main([*run, "--arch", "whole.yaml", "--out", "c"]) == 0
    assert "names no components" not in capsys.readouterr().out
    assert lifsim.run(arch, "lenet5_mnist").totals == lifsim.run("a/../bare.yaml", "lenet5_mnist").totals


def test_other_components_can_be_borrowed_and_changed() -> None:
    Path("bare.yaml").write_text(_bare())
    Path("like.yaml").write_text(_bare(components_of="eyeriss_like"))
    eyeriss = lifsim.load_arch("eyeriss_like").components
    assert lifsim.load_arch("like.yaml").components == eyeriss
    assert lifsim.load_arch("bare.yaml", ["components_of=eyeriss_like"]).components == eyeriss
    changed = lifsim.load_arch("bare.yaml", ["components.adder.width_bits=32"])
    assert [part.width_bits for part in changed.components if part.name == "adder"] == [32]
    one = "{name: a, tag: spike_mac, kernel: adder, width_bits: 8}, {name: b, tag: lif, kernel: adder, width_bits: 8}"
    own = lifsim.load_arch("bare.yaml", [f"components=[{one}]"])
    assert (len(own.components), own.components_of) == (2, None)


@pytest.mark.slow
def test_sweeps_borrow_components_too() -> None:
    Path("bare.yaml").write_text(_bare())
    swept = lifsim.sweep("bare.yaml", "lenet5_mnist", vary={"array.rows": [8, 16]}, overrides=IDEAL, jobs=1).frame
    assert swept["area_mm2"].nunique() == 2


@pytest.mark.parametrize("whose", ["eyeris_like", "3", "../sata128", "[a]", "null"])
def test_components_of_nobody_are_refused(whose: str) -> None:
    Path("bare.yaml").write_text(_bare(components_of=whose))
    with pytest.raises(InputError, match=r"bare\.yaml:\d+:1 components_of: .* must be"):
        lifsim.load_arch("bare.yaml")
    Path("plain.yaml").write_text(_bare())
    with pytest.raises(InputError, match="--set components_of: "):
        lifsim.load_arch("plain.yaml", [f"components_of={whose}"])


def test_a_singular_lists_as_its_plural(capsys: pytest.CaptureFixture[str]) -> None:
    for one, many in (("dram", "drams"), ("kernel", "kernels"), ("memory", "memories"), ("sparsity", "sparsities")):
        assert main(["list", one]) == 0
        first = capsys.readouterr().out
        assert main(["list", many]) == 0
        assert capsys.readouterr().out == first != ""
    assert main(["list", "kernels"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == list(kernels())
    assert "adder       2, 4, 8, 16, 32 bits" in told
    assert main(["list", "datasets"]) == 0
    assert "digits" in capsys.readouterr().out
    assert main(["list", "kernels", "--copy", "adder", "x.yaml"]) == 2
    assert main(["list", "kernelz"]) == 2
