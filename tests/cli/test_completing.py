"""Does the tab key offer what an option takes, in every shell, for every command, and never fail?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from lifsim.cli.main import cli
from lifsim.config.resolve import available
from lifsim.simulate.options import SCHEDULES, Mode, Objective, SpikeSource
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.store import Store


def _offered(*words: str) -> list[str]:
    """Behind `words`, the last of which is being typed; of files the kind that the shell is to find."""
    found = ShellComplete(cli, {}, "lifsim", "_LIFSIM_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [one.value if one.type == "plain" else f"<{one.type}>" for one in found]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ru",), ["run"]),
        (("plot", "fig"), ["fig1", "fig6", "fig7", "fig8", "fig9", "fig10"]),
        (("import", "sc"), ["scalesim"]),
        (("list", "arch"), ["archs"]),
        (("run", "--arch", "sata128_s"), ["sata128_satasim", "sata128_skip"]),
        (("run", "--arch", "own/"), ["<file>"]),
        (("run", "--workload", "lenet"), ["lenet5_mnist"]),
        (("run", "--workload", "lenet5_mnist", "--rate", "fc"), ["fc1=", "fc2=", "fc3="]),
        (("run", "--rates", "x"), ["<file>"]),
        (("arch", "show", "sata128_s"), ["sata128_satasim", "sata128_skip"]),
        (("list", "ker"), ["kernels"]),
        (("run", "--dram", "hb"), ["hbm2"]),
        (("run", "--sharing", "layer+"), ["layer+channel2", "layer+channel4", "layer+channel8"]),
        (("sweep", "--sharing", "none,channel"), ["none,channel2", "none,channel4", "none,channel8"]),
        (("run", "--schedule", "t"), ["tick", "timestep"]),
        (("run", "--schedule", ""), list(SCHEDULES)),
        (("run", "--schedule", "fused"), ["fused", "fused:2"]),
        (("run", "--schedule", "skewed"), ["skewed", "skewed:2"]),
        (("run", "--objective", ""), list(get_args(Objective))),
        (("run", "--spikes", ""), list(get_args(SpikeSource))),
        (("run", "--mode", ""), list(get_args(Mode))),
        (("run", "--bptt", "re"), ["recomputed", "reversed"]),
        (("run", "--optimizer", "a"), ["adam"]),
        (("run", "--images", "dig"), ["digits"]),
        (("run", "--trace", "x"), ["<file>"]),
        (("run", "--out", "x"), ["<file>"]),
        (("run", "--set", "buffers.weight.si"), ["buffers.weight.size_bytes="]),
        (("run", "--set", "dram.power"), ["dram.power_down_after_cycles="]),
        (("run", "--set", "components.adder.w"), ["components.adder.width_bits="]),
        (("run", "--set", "array.dataflow=w"), ["array.dataflow=ws"]),
        (("run", "--set", "dram.device=hb"), ["dram.device=hbm2"]),
        (("run", "--set", "array.rows="), []),
        (("run", "--workload", "lenet5_mnist", "--set", "layers.fc3.o"), ["layers.fc3.op=", "layers.fc3.out="]),
        (("sweep", "--vary", "array.ro"), ["array.rows="]),
        (("dram-bench", "--dram", "hbm2", "--set", "timing.tRCD"), ["timing.tRCD=", "timing.tRCDWR="]),
        (("workload", "show", "lenet"), ["lenet5_mnist"]),
        (("workload", "show", "lenet5_mnist", "--set", "timest"), ["timesteps="]),
        (("explain", "--workload", "lenet5_mnist", "--layer", "c"), ["conv1", "conv2"]),
        (("optimize", "--minimise", "area_m"), ["area_mm2"]),
        (("train", "--data", "basic"), ["basic_motions"]),
        (("run", "--format", "j"), ["json"]),
    ],
    ids=" ".join,
)
def test_what_is_offered(words: tuple[str, ...], offered: list[str]) -> None:
    assert _offered(*words) == offered


def test_columns_are_those_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Store.create_or_open(path, {}) as store:
        store.add(Outcome(0, "0" * 64, {"cycles.total": 1, "energy_pj.total": 1.0}), {"array.rows": 8})
    assert _offered("store", "show", str(path), "--sort", "") == [
        "array.rows",
        "cycles.total",
        "energy_pj.total",
        "error",
    ]
    assert _offered("store", "show", str(path), "--columns", "array.rows,en") == ["array.rows,energy_pj.total"]
    assert _offered("store", "show", "nowhere", "--sort", "") == []


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from _commands(inner, (*path, name))
    else:
        yield path, command


COMPLETED = {
    "--arch": "sata128", "--workload": "vgg16_cifar10", "--networks": "vgg16_cifar10", "--dram": "hbm2",
    "--sharing": "channel2", "--schedule": "auto", "--objective": "energy", "--optimizer": "adam", "--set": "",
    "--vary": "", "--bptt": "reversed", "--images": "random", "--data": "digits",
}  # fmt: skip


def test_no_command_has_been_forgotten() -> None:
    """An option of one name takes the same names everywhere. SATA_Sim's architectures are files."""
    missing = []
    for path, command in _commands(cli):
        for parameter in command.params:
            for option in set(parameter.opts) & set(COMPLETED) if path != ("import", "satasim") else ():
                offered = _offered(*path, option, "")
                if COMPLETED[option] not in offered and not (COMPLETED[option] == "" and offered):
                    missing.append(" ".join((*path, option)))
    assert missing == []
    assert _offered("run", "--arch", "") == [*available("arch")]


@pytest.mark.parametrize("option", [*COMPLETED, "--layer", "--columns", "--sort", "--weights"])
def test_nothing_fails_over_inputs_that_cannot_be_read(option: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("layers: [\x00")
    bad = str(tmp_path / "bad.yaml")
    for path, command in _commands(cli):
        if any(option in parameter.opts for parameter in command.params):
            named = [text for name in ("--arch", "--workload") for text in (name, bad)]
            assert isinstance(_offered(*path, *named, option, "a"), list)


@pytest.mark.parametrize("shell", [BashComplete, ZshComplete, FishComplete], ids=lambda shell: shell.name)
def test_every_shell_has_a_script_and_answers(shell: type[ShellComplete], monkeypatch: pytest.MonkeyPatch) -> None:
    complete = shell(cli, {}, "lifsim", "_LIFSIM_COMPLETE")
    monkeypatch.setattr(BashComplete, "_check_version", staticmethod(lambda: None))
    assert "_LIFSIM_COMPLETE" in complete.source()
    monkeypatch.setenv("COMP_WORDS", "lifsim run --arch sata128_sk")
    monkeypatch.setenv("COMP_CWORD", "sata128_sk" if shell is FishComplete else "3")
    assert "sata128_skip" in complete.complete()


def test_the_command_itself_answers_a_shell() -> None:
    environment = os.environ | {
        "_LIFSIM_COMPLETE": "bash_complete", "COMP_WORDS": "lifsim run --sharing lay", "COMP_CWORD": "3",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "lifsim"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "plain,layer"
