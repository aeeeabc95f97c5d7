"""Do the notebooks run, from the first cell to the last, and is nothing kept in them that could be out of date?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checkout import ROOT, changes, copy_checkout

nbformat = pytest.importorskip("nbformat", reason="notebooks need nbformat, nbclient and ipykernel: the extra dev")
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CELL_S = 120


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["buffer_sweep", "first_run", "own_network"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_as_it_was_written(path: Path) -> None:
    """Without outputs: these are made where it is read, by whoever runs it and by the site, so that none is of an older
    model. In the form that nbformat writes, so that a change of a cell is a change of a cell."""
    book = _read(path)
    nbformat.validate(book)
    assert path.read_text(encoding="utf-8") == nbformat.writes(book, indent=1) + "\n"
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert [cell.execution_count for cell in code] == [None] * len(code)
    assert set(book.metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_leads_to_a_decision_and_holds_it_to_its_figures(path: Path) -> None:
    book = _read(path)
    prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    assert prose[0].startswith("# ")
    assert sum("**The decision.**" in text for text in prose) == 1
    assert [cell for cell in book.cells if cell.cell_type == "code"][-1].source.count("assert ") >= 4


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    from nbclient import NotebookClient

    checkout = copy_checkout(tmp_path / "checkout")
    book = _read(checkout / path.relative_to(ROOT))
    resources = {"metadata": {"path": str(checkout / "docs" / "notebooks")}}
    NotebookClient(book, timeout=CELL_S, resources=resources).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [set(output.data) for output in outputs if output.output_type == "execute_result"]
    assert len(shown) >= 5
    assert all({"text/html", "text/plain"} <= kinds or "image/png" in kinds for kinds in shown)
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert changes(checkout) == ""
