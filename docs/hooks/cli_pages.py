"""The help of every command, as click has it: a page a command of the first level, its subcommands below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from inspect import cleandoc

import click

INDEX = "reference/cli/index.md"


@cache
def pages() -> dict[str, str]:
    """The text of every page by its path, the index first."""
    from lifsim.cli.main import cli

    commands = dict(_below(cli, click.Context(cli, info_name="lifsim")))
    rows = [
        f"| [`lifsim {name}`]({name}.md) | {_text(one.command.get_short_help_str(200))} |"
        for name, one in commands.items()
    ]
    head = [
        "# The command line",
        "",
        _paragraphs(cli),
        "",
        "| command | |",
        "|---|---|",
        *rows,
        "",
        *_options(cli, click.Context(cli)),
    ]
    found = {INDEX: "\n".join(head)}
    for name, context in commands.items():
        found[f"reference/cli/{name}.md"] = "\n".join(_lines(context, 1))
    return found


def _below(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Context]]:
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        inner = command.get_command(context, name) if isinstance(command, click.Group) else None
        if inner is not None and not inner.hidden:
            yield name, click.Context(inner, info_name=name, parent=context)


def _lines(context: click.Context, level: int) -> Iterator[str]:
    """A command: what it does, how it is called, its options, examples, and its subcommands."""
    command = context.command
    yield f"{'#' * level} lifsim {context.command_path.partition(' ')[2]}"
    yield ""
    yield _paragraphs(command)
    yield ""
    yield "```text"
    yield _usage(context)
    yield "```"
    yield ""
    yield from _options(command, context)
    yield from _examples(command)
    for _, inner in _below(command, context):
        yield from _lines(inner, level + 1)


def _usage(context: click.Context) -> str:
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def _whole(command: click.Command) -> str:
    """Help and epilog without click's mark of lines that are kept."""
    return "\n\n".join(cleandoc(part.replace("\b", "")) for part in (command.help, command.epilog) if part)


def _paragraphs(command: click.Command) -> str:
    """What stands before the examples. Columns stay columns."""
    prose = _whole(command).partition("Examples:")[0].strip()
    parts = re.split(r"\n\s*\n", prose)
    return "\n\n".join(
        f"```text\n{part}\n```" if re.search(r"\S {2,}\S|\n {2}", part) else _text(part) for part in parts
    )


def _examples(command: click.Command) -> Iterator[str]:
    lines = _whole(command).partition("Examples:")[2].strip("\n").split("\n")
    if any(lines):
        indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        yield from ("```sh", *(line[indent:].rstrip() for line in lines if line.strip()), "```", "")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [found for one in command.get_params(context) if (found := one.get_help_record(context))]
    if records:
        yield from ("| option | |", "|---|---|")
        yield from (f"| {_code(names)} | {_cell(_text(text))} |" for names, text in records)
        yield ""


def _code(names: str) -> str:
    """An option and its values, which may be broken between them."""
    flags, _, values = names.partition(" ")
    broken = re.sub(r"([|,/])", r"\1<wbr>", escape(values)).replace("|", "&#124;")
    return f"<code>{escape(flags)}</code>" + (f" <code>{broken}</code>" if values else "")


def _cell(text: str) -> str:
    """Within a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _text(text: str) -> str:
    """Words for people, of which none is markup."""
    return re.sub(r"([*_<>\[\]])", r"\\\1", " ".join(text.split()))
