"""Do the tutorials of the frameworks run as printed, and is the Python of PyTorch that other documents show right?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.checkout import ROOT
from tests.docs.in_order import IN_ORDER, run_in_order

NEEDS = {"spikingjelly": "spikingjelly.activation_based", "snntorch": "snntorch"}

SAID = {
    "spikingjelly": ["8 rows: skip zeros; energy x delay is", "note: the state_dict is that at 'net'"],
    "snntorch": ["as 1.000 outputs", "0 is conv1, 3 is conv2, 7 is fc", "channel4-where-possible"],
}
"""What the texts say of what is printed."""


@pytest.fixture(autouse=True)
def _reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("document", IN_ORDER, ids=lambda path: path.stem)
def test_a_tutorial_runs_as_printed(document: Path) -> None:
    pytest.importorskip(NEEDS[document.stem], reason=f"{document.stem} is not installed")
    pytest.importorskip("sklearn", reason="scikit-learn, which has the digits, is not installed")
    printed = run_in_order(document)
    (right,) = re.findall(r"([0-9.]+) % of the digits that it has not seen", printed)
    assert float(right) > 70, "its spikes are to be those of a network that has learnt"
    for words in SAID[document.stem]:
        assert words in printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/recording.md"])
def test_the_python_of_pytorch_in_a_document_runs(name: str) -> None:
    """From a model to its table, and saved."""
    pytest.importorskip("spikingjelly.activation_based", reason="SpikingJelly is not installed")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    of_torch = [block for block in blocks if re.search(r"^import torch$", block, re.M)]
    assert of_torch
    for block in of_torch:
        exec(compile(block, name, "exec"), {})  # noqa: S102
    assert list(Path("results").rglob("mynet.yaml"))
