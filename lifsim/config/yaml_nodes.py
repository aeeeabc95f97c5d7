"""YAML text as nodes with their marks. Untrusted: bounded in number and depth; nothing is constructed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError

MAX_NODES = 50_000
MAX_DEPTH = 32

TAG = "tag:yaml.org,2002:"
PLAIN = {
    "null": re.compile(r"(?:~|null|Null|NULL|)\Z"),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z|0x[0-9a-fA-F]+\Z"),
    "float": re.compile(
        r"[-+]?(?:(?:\.[0-9]+|(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|\.inf|\.Inf)\Z|(?:\.nan|\.NaN)\Z"
    ),
}


class _Composer(Composer):
    """Composes nodes only. Resolves what YAML 1.2 does: `on`, `yes`, `1:30`, `010` and dates stay text."""

    yaml_implicit_resolvers = {None: [(TAG + kind, pattern) for kind, pattern in PLAIN.items()]}  # noqa: RUF012
    peek_event: Callable[[], Any]
    _nodes = _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._nodes += 1
        self._depth += 1
        if self._nodes > MAX_NODES or self._depth > MAX_DEPTH:
            limit = f"more than {MAX_NODES} values" if self._nodes > MAX_NODES else f"nesting deeper than {MAX_DEPTH}"
            raise ComposerError(None, None, f"has {limit}", self.peek_event().start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Loader(_Composer, yaml.SafeLoader):
    """Reads the text in Python, with good error messages."""


if yaml.__with_libyaml__:

    class _FastLoader(_Composer, yaml.CSafeLoader):
        """Reads the text by libyaml."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            _Composer.__init__(self)


_READ_APART = re.compile("[\t\ufeff!?]")
"""Characters that libyaml accepts but PyYAML's own parser does not, or for which they count columns differently."""


def root_of(text: str) -> yaml.Node | None:
    """The root node of `text`, None if it is empty. Raises YAMLError if it is no YAML.

    libyaml, if available, is ten times as fast; what it refuses, and what the two parsers may read differently, is read
    in Python, so that faults are the same with and without it.
    """
    if yaml.__with_libyaml__ and not _READ_APART.search(text):
        try:
            return _FastLoader(text).get_single_node()
        except yaml.YAMLError:
            pass
    return _Loader(text).get_single_node()
