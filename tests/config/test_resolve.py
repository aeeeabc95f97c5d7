"""Is `--arch sata128` found from any folder, in the promised order, and its absence explained?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lifsim.config.resolve import available, find, search_path
from lifsim.errors import InputError


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, no $LIFSIM_PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIFSIM_PATH", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["sata128", "sata128.yaml"])
@pytest.mark.usefixtures("elsewhere")
def test_shipped_files_are_found_from_any_folder(name: str) -> None:
    path = find("arch", name)
    assert path.name == "sata128.yaml"
    assert path.parent.name == "arch_configs"


@pytest.mark.parametrize("name", ["sata128", "sata128.yaml"])
def test_nearer_places_come_first(name: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = elsewhere / "first", elsewhere / "second"
    for folder in (first, second):
        folder.mkdir()
    monkeypatch.setenv("LIFSIM_PATH", os.pathsep.join(["", str(first), str(second), str(elsewhere / "absent")]))
    (second / "sata128.yaml").write_text("x: 1")
    assert find("arch", name) == second / "sata128.yaml"
    (first / "sata128.yaml").write_text("x: 1")
    assert find("arch", name) == first / "sata128.yaml"
    Path("sata128.yaml").write_text("x: 1")
    assert find("arch", name) == Path("sata128.yaml")


def test_a_path_means_that_file_alone(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "mine").mkdir()
    monkeypatch.setenv("LIFSIM_PATH", str(elsewhere))
    (elsewhere / "mine" / "own.yaml").write_text("x: 1")
    assert find("arch", "mine/own") == Path("mine/own.yaml")
    assert find("arch", str(elsewhere / "mine" / "own.yaml")) == elsewhere / "mine" / "own.yaml"
    with pytest.raises(InputError, match="looked in the current folder"):
        find("arch", "other/sata128")


def test_a_folder_of_the_same_name_does_not_hide_a_shipped_file(elsewhere: Path) -> None:
    (elsewhere / "sata128").mkdir()
    assert find("arch", "sata128").name == "sata128.yaml"


def test_a_name_that_is_nowhere_gets_the_nearest_one_and_the_places(elsewhere: Path) -> None:
    with pytest.raises(InputError) as caught:
        find("arch", "sata182.yaml")
    message = str(caught.value)
    assert "'sata182.yaml' must be a file or a shipped architecture; looked in the current folder, " in message
    assert all(str(folder) in message for folder in search_path("arch"))
    assert message.endswith("; did you mean 'sata128'?")
    (elsewhere / "folder").mkdir()
    with pytest.raises(InputError, match="folder: is a directory, must be a YAML file of an architecture"):
        find("arch", "folder")


@pytest.mark.parametrize("name", ["", "nul\0", "x" * 5000, "/", "."])
@pytest.mark.usefixtures("elsewhere")
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        find("arch", name)


def test_what_is_available_includes_the_search_path(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sata128" in available("arch")
    (elsewhere / "mine.yaml").write_text("x: 1")
    monkeypatch.setenv("LIFSIM_PATH", str(elsewhere))
    assert set(available("arch")) >= {"mine", "sata128"}
