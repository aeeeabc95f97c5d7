"""What several tests of the engine look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from tests.engine.studies import study_arguments, write_study_inputs


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a tiny network, with its inputs: trained once, and not to be changed."""
    folder = tmp_path_factory.mktemp("study")
    write_study_inputs(folder)
    assert main(study_arguments(folder)) == 0
    return folder
