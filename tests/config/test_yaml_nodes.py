"""libyaml and PyYAML's own parser read the same out of a text, or Python's alone decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lifsim.config import yaml_nodes
from lifsim.config.yaml_nodes import root_of

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*(ROOT / "arch_configs").rglob("*.yaml"), *(ROOT / "workloads").rglob("*.yaml")])
INSERTED = [*"abc:- \n\t#[]{}'\"|>&*!%@`,?~0é\x85\u2028\ufeff\x07", "\n  ", "\n- ", ": ", "--- ", "...\n", "<<: "]


def tree(node: yaml.Node | None) -> Any:
    """What `node` says, with the places of what is not empty: of an empty value the parsers count the column apart."""
    if node is None:
        return None
    place = (node.start_mark.line, node.start_mark.column)
    if isinstance(node, yaml.MappingNode):
        return node.tag, place, [(tree(key), tree(value)) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return node.tag, place, [tree(item) for item in node.value]
    return node.tag, node.value and place, node.value


def read(text: str) -> Any:
    try:
        return tree(root_of(text))
    except yaml.YAMLError as error:
        return str(error)


def read_in_python(text: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        return read(text)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_shipped_files_say_the_same_with_and_without_libyaml(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert read(text) == read_in_python(text)


@st.composite
def edited(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(SHIPPED)).read_text(encoding="utf-8")
    start = draw(st.integers(0, len(text) - 1))
    text = text[start : start + 300]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(INSERTED)) + text[at + draw(st.integers(0, 3)) :]
    return text


@given(edited())
def test_texts_say_the_same_with_and_without_libyaml(text: str) -> None:
    assert read(text) == read_in_python(text)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
def test_libyaml_reads_what_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "_Loader", None)
    assert all(root_of(file.read_text(encoding="utf-8")) is not None for file in SHIPPED)
