"""Does a file that somebody else wrote read, or tell, what other files hold?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main

SECRETS = {
    "plain": "root:x:0:0:the_secret:/root\nother:the_secret\n",
    "mapping": "the_secret: hunter2\npassword: the_secret\n",
    "list": "- the_secret\n- hunter2\n",
    "alias": "a: *the_secret\n",
    "quoted": "a: 'the_secret\n",
    "binary": "\0the_secret\n",
}


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """What `lifsim` says of a command that is refused, run in a folder beside one with a secret."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: str) -> str:
        assert main(list(arguments)) == 2
        return "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("option", ["--arch", "--workload"])
def test_a_file_of_something_else_is_not_quoted(told, tmp_path: Path, kind: str, option: str) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(SECRETS[kind], encoding="utf-8")
    said = told("run", option, str(secret))
    assert "secret.yaml" in said
    assert "the_secret" not in said
    assert "hunter2" not in said


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("name", ["{folder}/secret.yaml", "../secret.yaml", "../secret", "../here/../secret"])
def test_extends_leads_to_no_file_outside_its_folder(told, tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / "secret.yaml").write_text(SECRETS[kind], encoding="utf-8")
    Path("net.yaml").write_text(f"name: x\nextends: {name.format(folder=tmp_path)}\n", encoding="utf-8")
    said = told("check", "net.yaml")
    assert "net.yaml:2:1 extends: " in said
    assert "must be a shipped name, or a file beside or below this one" in said
    assert "the_secret" not in said


@pytest.mark.parametrize("kind", SECRETS)
def test_nor_does_a_link_or_a_file_beside_tell_what_it_holds(told, tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret.yaml").write_text(SECRETS[kind], encoding="utf-8")
    Path("link.yaml").symlink_to(tmp_path / "secret.yaml")
    Path("beside.yaml").write_text(SECRETS[kind], encoding="utf-8")
    for base in ("link", "beside"):
        Path("net.yaml").write_text(f"name: x\nextends: {base}\n", encoding="utf-8")
        assert "the_secret" not in told("check", "net.yaml")


@pytest.mark.parametrize("kind", SECRETS)
def test_nor_does_a_device(told, tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret.yaml").write_text(SECRETS[kind], encoding="utf-8")
    arch = Path(__file__).parents[2] / "arch_configs" / "sata128.yaml"
    kept = arch.read_text(encoding="utf-8").partition("\ndram:")[0]
    Path("arch.yaml").write_text(f"{kept}\ndram: {{model: cycle, device: {tmp_path}/secret.yaml}}\n", encoding="utf-8")
    said = told("check", "arch.yaml")
    assert "dram.device: " in said
    assert "beside or below this one" in said
    assert "the_secret" not in said


@pytest.mark.parametrize("kind", SECRETS)
def test_nor_does_a_trace(told, tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret.npz").write_text(SECRETS[kind], encoding="utf-8")
    Path("net.yaml").write_text(
        f"name: x\nextends: lenet5_mnist\nspikes: {{source: trace, trace: {tmp_path}/secret.npz, provenance: x}}\n",
        encoding="utf-8",
    )
    assert "the_secret" not in told("run", "--workload", "net.yaml")


def test_the_keys_of_a_mapping_with_one_known_key_are_counted_and_not_named(told) -> None:
    strange = "hunter2: the_secret\nname: x\nthe_secret:\n  hunter2: 1\nnamespace: hunter2\n"
    Path("beside.yaml").write_text(strange, encoding="utf-8")
    Path("net.yaml").write_text("name: x\nextends: beside\n", encoding="utf-8")
    arch = (Path(__file__).parents[2] / "arch_configs" / "sata128.yaml").read_text(encoding="utf-8")
    Path("arch.yaml").write_text(arch.replace("device: lpddr3_1600_x32", "device: beside.yaml"), encoding="utf-8")
    for said in (told("check", "net.yaml"), told("check", "arch.yaml")):
        assert "beside.yaml:1:1: must have no other keys than its own kind, has 3 keys that are not known" in said
        for hidden in ("the_secret", "hunter2", "namespace"):
            assert hidden not in said


def test_a_slip_in_a_file_that_is_extended_is_named_when_that_file_is_read_itself(told) -> None:
    Path("beside.yaml").write_text("name: x\ntimestep: 4\n", encoding="utf-8")
    assert "beside.yaml:2:1 timestep: is not a known key; did you mean 'timesteps'?" in told(
        "run", "--workload", "beside.yaml"
    )


@pytest.mark.parametrize("base", ["nowhere", "../nowhere", "broken", "net"])
def test_a_file_to_extend_that_cannot_be_read_hides_no_fault_of_the_file_itself(told, base: str) -> None:
    Path("broken.yaml").write_text("a: [1\n", encoding="utf-8")
    Path("net.yaml").write_text(
        f"nam: x\nextends: {base}\ntimesteps: -1\nlayers:\n  - {{name: fc, op: linear, outt: 2}}\n", encoding="utf-8"
    )
    said = told("run", "--workload", "net.yaml")
    for fault in (
        "net.yaml:1:1 nam: is not a known key; did you mean 'name'?",
        "net.yaml:3:1 timesteps: -1 must be >= 1",
        "layers.fc.outt: is not a known key; did you mean 'out'?",
        "layers.fc.out: must be given",
    ):
        assert fault in said
    assert "input: must be given" not in said


def test_a_file_between_that_cannot_be_extended_is_not_quoted(told) -> None:
    Path("between.yaml").write_text("name: x\nextends: nowhere\nthe_secret: hunter2\n", encoding="utf-8")
    Path("net.yaml").write_text("extends: between\ntimesteps: -1\n", encoding="utf-8")
    said = told("run", "--workload", "net.yaml")
    assert "timesteps: -1 must be >= 1" in said
    assert "the_secret" not in said
