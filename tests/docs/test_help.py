"""Does every example of every help run as it is printed, in the order in which it stands there, in a checkout?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lifsim.cli.main import cli, main
from tests.checkout import changes, copy_checkout

SHORTER = {
    "study": ["--epochs", "1", "--seeds", "1", "--sharing", "none", "--set", "timesteps=1"],
    "train": ["--epochs", "1", "--set", "timesteps=1"],
    "optimize": ["--points", "6", "--round", "3"],
    "plot fig8 reports": ["--shares", "0,0.9"],
}
"""What a test adds to commands that take minutes, and that change their figures only."""

EXAMPLE = re.compile(r"^ *(lifsim (?:[^\\\n]|\\\n)*)", re.MULTILINE)


def _helps(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The name of every command and the examples of its help, as they are written down."""
    text = "\n".join(part.replace("\b", "") for part in (command.help, command.epilog) if part)
    yield " ".join(path) or "lifsim", text.partition("Examples:\n")[2]
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from _helps(inner, (*path, name))


HELPS = dict(_helps(cli))


def _examples(text: str) -> list[list[str]]:
    """What a shell makes of them: names of files are filled in where they run."""
    return [shlex.split(line.replace("\\\n", " ")) for line in EXAMPLE.findall(text)]


def _filled_in(word: str) -> list[str]:
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


def _places(command: list[str]) -> list[str]:
    """Where a command writes, by the names that cannot be two files'."""
    named = [command[place + 1] for place, word in enumerate(command) if word in ("--out", "--out-arch", "--write")]
    return [re.sub(r"\.(png|svg|pdf)$", "", name) for name in named if name != "-"]


@pytest.mark.parametrize("name", HELPS)
def test_every_help_has_examples_of_its_own_command(name: str) -> None:
    examples = _examples(HELPS[name])
    assert examples
    own = [] if name == "lifsim" else name.split()
    assert any(command[1 : 1 + len(own)] == own for command in examples)


def _printed_helps(command: click.Command, path: tuple[str, ...] = ("lifsim",)) -> Iterator[tuple[str, str]]:
    """What every command prints on a terminal of 80 columns."""
    context = click.Context(command, info_name=path[-1], terminal_width=80)
    yield " ".join(path), command.get_help(context)
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _printed_helps(inner, (*path, name))


def test_no_line_of_a_help_is_longer_than_a_terminal_and_no_word_is_broken() -> None:
    for name, text in _printed_helps(cli):
        assert [line for line in text.splitlines() if len(line) > 80] == [], name
        assert not re.search(r",\w+\n +\w+[,|)}\]]", text), name  # of a list without spaces


def test_no_two_examples_write_to_one_place() -> None:
    """The same command in two helps does: it goes on, or finds what it would write."""
    writers: dict[str, set[str]] = {}
    for text in HELPS.values():
        for command in _examples(text):
            for place in _places(command):
                going_on = [word for word in command if word != "--resume"]
                writers.setdefault(place, set()).add(shlex.join(going_on))
    assert {place: found for place, found in writers.items() if len(found) > 1} == {}
    assert len(writers) > 30
    assert all(place.split("/")[0] in ("results", "figures", "sweeps", "reports") for place in writers)


@pytest.mark.slow
@pytest.mark.parametrize("name", HELPS)
def test_every_example_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    monkeypatch.chdir(checkout)
    for command in _examples(HELPS[name]):
        words = [found for word in command[1:] for found in _filled_in(word)]
        more = [option for begin, options in SHORTER.items() if " ".join(words).startswith(begin) for option in options]
        assert main([*words, *more]) == 0, f"{shlex.join(command)}\n{capsys.readouterr().err}"
    assert changes(checkout) == ""
