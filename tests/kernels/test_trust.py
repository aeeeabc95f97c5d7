"""Which folders may others change?"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from lifsim.kernels import trust
from lifsim.kernels.trust import distrust_of, make_private

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and owners say nothing there")


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    return make_private(tmp_path / "outer" / "inner")


def test_the_users_own_folder_is_trusted(nested: Path) -> None:
    assert distrust_of(nested) is None


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o707, 0o703])
def test_one_that_others_can_write_is_not(nested: Path, mode: int) -> None:
    nested.chmod(mode)
    assert distrust_of(nested) == f"others can write {nested}"


def test_one_below_a_folder_that_others_can_write_is_not(nested: Path) -> None:
    nested.parent.chmod(0o777)
    assert distrust_of(nested) == f"others can write {nested.parent}"


def test_one_below_a_sticky_folder_is_trusted(nested: Path) -> None:
    nested.parent.chmod(0o1777)
    assert distrust_of(nested) is None


def test_one_of_another_user_is_not(nested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_trusted_users", lambda: (4242, 4242))
    assert distrust_of(nested) == "/ belongs to another user"


@pytest.mark.parametrize(
    ("group", "is_trusted"),
    [
        (("kim", 7, []), True),
        (("kim", 7, ["kim"]), True),
        (("kim", 7, ["park"]), False),
        (("kim", 8, []), False),
        (("staff", 7, []), False),
    ],
)
def test_a_group_is_trusted_if_it_is_the_users_alone(
    nested: Path, group: tuple[str, int, list[str]], is_trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, number, members = group
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_name="kim", pw_gid=7))
    monkeypatch.setattr("grp.getgrgid", lambda _: SimpleNamespace(gr_name=name, gr_gid=number, gr_mem=members))
    nested.chmod(0o770)
    assert (distrust_of(nested) is None) == is_trusted


def test_a_link_leads_to_what_is_checked(nested: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(nested)
    assert make_private(tmp_path / "link") == nested


def test_a_folder_that_another_process_makes_at_the_same_time_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On some file systems it is there for mkdir, and not yet for stat."""

    def made_by_another(*_: object, **__: object) -> None:
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(Path, "mkdir", made_by_another)
    assert make_private(tmp_path / "new") == tmp_path / "new"
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "file")
