"""Does every command in README.md and docs/ run, in the order in which a reader would run them?"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.config.workload import load_workload
from lifsim.trace.synthesise import synthesise
from tests.interchange import test_satasim as satasim
from tests.interchange import test_scalesim as scalesim

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^(?: {4})?(lifsim [^#\n]*)", re.MULTILINE)


def _commands(document: Path) -> list[list[str]]:
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in COMMAND.findall(text)]


@pytest.fixture
def reader_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents call the reader's own."""
    monkeypatch.chdir(tmp_path)
    Path("my_arch.yaml").write_text(find("arch", "sata128").read_text())
    Path("my_network.yaml").write_text(find("workload", "lenet5_mnist").read_text())
    Path("topology.csv").write_text("name,ih,iw,fh,fw,c,m,s,\nConv1,34,34,3,3,3,64,1,\nConv2,34,34,3,3,64,64,1,\n")
    Path("scale.cfg").write_text(scalesim.CONFIG)
    Path("workload.yaml").write_text(satasim.HEAD + satasim.layer("Conv1", "8x8", "3x3", 3, 4))
    Path("sata-config.yaml").write_text(satasim.ARCH)
    network = load_workload("vgg16_cifar10")
    with synthesise(network, batch=1, seed=0) as trace:
        layers = {layer.name: _plain(layer) for layer in trace.layers}
    np.savez("spikes.npz", **layers)
    return tmp_path


def _plain(layer) -> np.ndarray:
    return np.concatenate([layer.read(step, 0, 1) for step in range(layer.steps)]).astype(bool)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_a_document_runs(
    document: Path, reader_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in _commands(document):
        status = main(command[1:])
        assert status == 0, f"{shlex.join(command)}\n{capsys.readouterr().err}"


def test_the_documents_have_commands_at_all() -> None:
    assert len(_commands(ROOT / "README.md")) > 10


def test_the_python_of_the_readme_runs(reader_folder: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
