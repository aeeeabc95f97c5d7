"""Does every command in README.md and docs/ run as printed, in the order in which a reader would run them, with nothing
but a checkout? And is the checkout as it was, then?"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lifsim.cli.main import main
from tests.checkout import ROOT, changes, copy_checkout
from tests.docs.in_order import IN_ORDER

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"^(?: {4})?(?:\$ )?((?:lifsim|python|mkdir) [^#\n]*)", re.MULTILINE)
FRAMEWORKS = ("torch", "spikingjelly")
TRIALS = ("tests.", "benchmarks")
"""Modules of trials and measurements that take an hour; small parts of them are tests."""

SHORTER = {
    "study": ["--epochs", "1", "--seeds", "1", "--sharing", "none"],
    "plot fig8": ["--shares", "0,0.9", "--retrain-epochs", "1"],
}
"""What a test adds to commands that take a quarter of an hour."""


def _commands(document: Path) -> list[list[str]]:
    """Those that need nothing but a checkout."""
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [shlex.split(line) for line in COMMAND.findall(text)]
    return [command for command in commands if command[:2] != ["python", "-m"] or not command[2].startswith(TRIALS)]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's, and the current folder."""
    copy = copy_checkout(tmp_path / "checkout")
    monkeypatch.chdir(copy)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize(
    "document", [d for d in DOCUMENTS if _commands(d) and d not in IN_ORDER], ids=lambda path: path.name
)
def test_every_command_of_a_document_runs(document: Path, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in _commands(document):
        if command[0] != "lifsim":
            program = {"python": sys.executable}.get(command[0], command[0])
            subprocess.run([program, *command[1:]], check=True, stdout=subprocess.DEVNULL)
            continue
        shorter = [more for name, more in SHORTER.items() if " ".join(command[1:]).startswith(name)]
        status = main([*command[1:], *(one for more in shorter for one in more)])
        assert status == 0, f"{shlex.join(command)}\n{capsys.readouterr().err}"
    assert changes(checkout) == ""


@pytest.mark.parametrize("document", sorted((ROOT / "docs" / "tutorials").glob("*.md")), ids=lambda path: path.name)
def test_what_is_indented_in_a_tutorial_is_a_command(document: Path) -> None:
    """What is printed, and Python, stand in blocks that say so."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^ {4}(\S.*)", text.replace("\\\n", " "), re.MULTILINE)
    assert [line for line in lines if not re.match(r"(lifsim|python|pip|mkdir) ", line)] == []


def test_a_checkpoint_s_example_says_first_what_it_needs() -> None:
    """Its first command trains on the digits of scikit-learn."""
    text = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8").partition("## A checkpoint of PyTorch")[2]
    assert 'pip install "lifsim[data]"' in text.partition("    lifsim train ")[0]


def _quoted(document: Path) -> list[tuple[list[str], str]]:
    """Commands of console blocks, with what they print."""
    blocks = re.findall(r"```console\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    parts = [
        part.partition("\n") for block in blocks for part in re.split(r"^\$ lifsim ", block, flags=re.MULTILINE)[1:]
    ]
    return [(shlex.split(command), output) for command, _, output in parts]


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if _quoted(d)], ids=lambda path: path.name)
def test_what_a_document_quotes_is_printed(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for command, output in _quoted(document):
        assert main(command) == 0
        assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == output.splitlines()


def test_the_documents_quote_a_run() -> None:
    assert any(command[0] == "run" for command, _ in _quoted(ROOT / "README.md"))


def test_no_command_writes_what_another_one_has_written() -> None:
    """Documents are read in any order, all of them in one checkout. A figure has a table of its name beside it."""
    written = [
        Path(command[command.index("--out") + 1]) for document in DOCUMENTS for command in _commands(document)
        if "--out" in command and "--resume" not in command
    ]  # fmt: skip
    names = [str(path.with_suffix("") if path.suffix in (".png", ".svg", ".pdf") else path) for path in written]
    assert len(names) > 20
    assert sorted(names) == sorted(set(names))


def test_the_documents_have_commands_at_all() -> None:
    assert len(_commands(ROOT / "README.md")) > 10


def _python(document: Path) -> list[str]:
    """Blocks, but for those that import what is not installed and need not be."""
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    absent = [name for name in FRAMEWORKS if find_spec(name) is None]
    return [block for block in blocks if not any(re.search(rf"^(import|from) {name}", block, re.M) for name in absent)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "document", [d for d in DOCUMENTS if _python(d) and d not in IN_ORDER], ids=lambda path: path.name
)
def test_the_python_of_a_document_runs(document: Path, checkout: Path) -> None:
    """Block after block, each with the names of those before."""
    names: dict[str, object] = {}
    for block in _python(document):
        exec(compile(block, document.name, "exec"), names)  # noqa: S102
    assert changes(checkout) == ""


def test_the_documents_have_python_at_all() -> None:
    assert _python(ROOT / "README.md")
    assert len(_python(ROOT / "docs" / "python.md")) > 4


def test_no_figure_of_a_document_is_yet_to_be_filled_in() -> None:
    assert [document.name for document in DOCUMENTS if "@@" in document.read_text(encoding="utf-8")] == []


def test_every_tutorial_is_listed() -> None:
    folder = ROOT / "docs" / "tutorials"
    listed = re.findall(r"\]\((\w+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
