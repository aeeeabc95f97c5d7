"""Is what spans of layers gather what they gather one by one?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifsim.schedule.tensors.spans import Term, gathered, most_of, over_spans, without

LAYERS = 5
TERMS = st.lists(
    st.builds(
        lambda ends, value: Term(min(ends), max(ends), value),
        st.tuples(st.integers(0, LAYERS - 1), st.integers(0, LAYERS - 1)),
        st.integers(0, 9),
    ),
    max_size=6,
)


def held(terms: list[Term], first: int, end: int) -> list[int]:
    return [term.value for term in terms if first <= term.first and term.last < end]


@given(TERMS)
def test_of_each_span_the_terms_that_it_holds(terms: list[Term]) -> None:
    sums, most = gathered(LAYERS, terms), gathered(LAYERS, most_of(terms))
    for first, end in combinations(range(LAYERS + 1), 2):
        assert sums[first, end] == sum(held(terms, first, end))
        assert most[first, end] == max(held(terms, first, end), default=0)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=LAYERS))
def test_of_each_span_the_sum_of_its_layers(by_layer: list[int]) -> None:
    found = over_spans(np.array(by_layer))
    for first, end in combinations(range(len(by_layer) + 1), 2):
        assert found[first, end] == sum(by_layer[first:end])


@given(st.lists(st.one_of(st.none(), st.integers(0, LAYERS - 1)), min_size=2, max_size=2), st.integers(0, LAYERS - 1))
def test_of_each_span_without_what_lies_around(around: list[int | None], layer: int) -> None:
    before, behind = around
    before = None if before is None else min(before, layer)
    behind = None if behind is None else max(behind, layer)
    found = gathered(LAYERS, without(Term(layer, layer, 3), before, behind))
    for first, end in combinations(range(LAYERS + 1), 2):
        holds = [one in range(first, end) for one in (layer, before, behind)]
        assert found[first, end] == (3 if holds == [True, False, False] else 0)
