"""Is nowhere said `1 characters`? What has a number in front is `counted`, or can never be of one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from lifsim.config.document import parse_document
from lifsim.config.validate import parse_model
from lifsim.errors import InputError
from lifsim.model.schema import Model, Name
from lifsim.units import counted, noun_of
from tests.checkout import ROOT

PLURAL = re.compile(
    r" (?:more )?(characters|groups|layers|images|timesteps|bursts|requests|channels|lines|entries|rows|columns|filters"
    r"|points|bits|epochs|neurons|processes|words|values|rates|windows|tiles|folds|strips|visits|networks|faults|units"
    r"|cells|ports|pixels|products|times)\b"
)

NEVER_ONE = {
    "benchmarks/bench_sweep.py": {"len(rows[0]) rows"},
    "lifsim/accounting/basis.py": {"component.width_bits bits"},  # that are fewer than others
    "lifsim/accounting/own/scheduled.py": {"chains.groups groups", "group.images images"},  # behind `if`
    "lifsim/config/given_rates.py": {"len(parts) rates"},  # more than the most
    "lifsim/config/rates_file.py": {"len(header) cells"},  # two columns at least
    "lifsim/errors.py": {"len(text) characters"},  # more than 80
    "lifsim/hardware/lif_unit.py": {"elements neurons"},
    "lifsim/interchange/dram_trace_out.py": {"total requests"},  # more than the most
    "lifsim/interchange/nir_in.py": {"window times"},  # behind `if`
    "lifsim/interchange/scalesim.py": {"batch images"},  # behind `if`
    "lifsim/layers/conv.py": {"groups groups", "out filters"},  # what 1 divides; more than the most
    "lifsim/layers/linear.py": {"self.out filters"},
    "lifsim/model/dram.py": {"self.bus_bits bits"},  # 8 at least
    "lifsim/model/dram_mapping.py": {"found.count(field) times"},  # that is not once
    "lifsim/recording/document.py": {"one.timesteps timesteps"},  # some of which are missing
    "lifsim/report/exit_lines.py": {"moved times"},  # a ratio
    "lifsim/report/explain/cycles.py": {"chains.length filters", "tiles tiles"},  # behind `if`
    "lifsim/report/explain/ports.py": {"port words"},  # a word
    "lifsim/report/explain/weights.py": {"visits visits"},  # behind `if`
    "lifsim/report/figures/fig10.py": {"batch images"},  # behind `if`
    "lifsim/report/validation/snn.py": {"len(vectors['param_conv13.weight']) filters", "len(vectors['y']) images"},
    "lifsim/schedule/exits.py": {"self.timesteps timesteps"},
    "lifsim/simulate/exits.py": {"len(plan.groups) groups"},  # that run one after the other
    "lifsim/simulate/notes.py": {"kind rates"},  # a word
    "lifsim/simulate/planning.py": {"ours / theirs times"},  # a ratio
    "lifsim/sweeps/space.py": {"wanted points"},  # more than the most
    "lifsim/training/norm_notes.py": {"batch images"},  # behind `if`
    "lifsim/units.py": {"len(value) characters"},  # more than 80
}
"""Of which there are at least two, or no whole number, by file: what stands in braces, and the noun."""


def uncounted(source: str) -> Iterator[str]:
    """Texts in which a number that is no constant stands in front of many."""
    for text in ast.walk(ast.parse(source)):
        if isinstance(text, ast.JoinedStr):
            for number, words in zip(text.values, text.values[1:], strict=False):
                if isinstance(number, ast.FormattedValue) and isinstance(words, ast.Constant):
                    name = ast.unparse(number.value)
                    if (noun := PLURAL.match(str(words.value))) and not name.rpartition(".")[2].isupper():
                        yield f"{name} {noun[1]}"


def test_numbers_that_can_be_one_are_counted() -> None:
    files = sorted([*(ROOT / "lifsim").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
    found = {file.relative_to(ROOT).as_posix(): {*uncounted(file.read_text(encoding="utf-8"))} for file in files}
    assert {file: texts for file, texts in found.items() if texts} == NEVER_ONE


def test_a_number_in_front_of_many_is_seen() -> None:
    assert [*uncounted('f"{n} rows and {len(x):,} more points of {MAX_ROWS} rows, {n} rowsome, {m.MOST} groups"')] == [
        "n rows",
        "len(x) points",
    ]


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "character", "1 character"),
        (0, "character", "0 characters"),
        (2, "entry", "2 entries"),
        (1, "entry", "1 entry"),
        (3, "key", "3 keys"),
        (2, "class", "2 classes"),
        (1024, "process", "1,024 processes"),
        (2, "batch", "2 batches"),
    ],
)
def test_nouns_are_of_one_or_of_many(count: int, noun: str, said: str) -> None:
    assert counted(count, noun) == said
    assert noun_of(count, noun) == said.partition(" ")[2]


class _Named(Model):
    name: Name
    parts: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("name: ''", "'' must have at least 1 character"),
        (f"name: {'x' * 101}", "must have at most 100 characters"),
    ],
)
def test_the_rule_for_texts_counts_characters(text: str, rule: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_model(_Named, parse_document(text, "f.yaml"))
    assert str(refused.value).endswith(rule)
