"""Sums over all spans of layers at once: arrays [layers, layers + 1], whose entry [first, end] is for layers
first..end-1; or [cases, layers, layers + 1] for several cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints


@dataclass(frozen=True)
class Term:
    """A `value` that counts in every span that contains layers first..last."""

    first: int
    last: int
    value: int


@dataclass(frozen=True, eq=False)
class Terms:
    """A `Term` in several cases: `value` [cases], or one value for all of them."""

    first: int
    last: int
    value: Ints | int


def over_spans(by_layer: Ints) -> Ints:
    """[..., layers, layers + 1] the sum of `by_layer` [..., layers] over layers first..end-1."""
    upto = np.zeros((*by_layer.shape[:-1], by_layer.shape[-1] + 1), by_layer.dtype)
    np.cumsum(by_layer, axis=-1, out=upto[..., 1:])
    spans: Ints = upto[..., None, :] - upto[..., :-1, None]
    return spans


def gathered(layers: int, terms: Iterable[Term | Terms], *cases: int) -> Ints:
    """[*cases, layers, layers + 1] the sum of the terms that count in each span; cases: how many, if there are
    several."""
    found = np.zeros((*cases, layers, layers + 1), np.int64)
    for term in terms:
        found[..., term.first, term.last + 1] += term.value
    summed: Ints = np.cumsum(np.cumsum(found[..., ::-1, :], axis=-2)[..., ::-1, :], axis=-1)
    return summed


def without(term: Term, before: int | None, behind: int | None) -> Iterator[Term]:
    """Terms that sum up to `term` in the spans that contain neither the layer `before` nor the layer `behind`; None:
    there is no such layer. `before` may be one of the term's own layers."""
    yield term
    if before is not None:
        yield Term(before, term.last, -term.value)
    if behind is not None:
        yield Term(term.first, behind, -term.value)
    if before is not None and behind is not None:
        yield Term(before, behind, term.value)


def most_of(terms: Sequence[Term]) -> Iterator[Term]:
    """Terms whose sum in every span is the largest value of those of `terms` that count in it, and at least 0."""
    firsts = sorted({term.first for term in terms}, reverse=True)
    lasts = sorted({term.last for term in terms})
    most = np.zeros((len(firsts) + 1, len(lasts) + 1), np.int64)
    for term in terms:
        held = most[1 + firsts.index(term.first) :, 1 + lasts.index(term.last) :]
        np.maximum(held, term.value, out=held)
    for (first, last), value in np.ndenumerate(np.diff(np.diff(most, axis=0), axis=1)):
        if value:
            yield Term(firsts[first], lasts[last], int(value))
