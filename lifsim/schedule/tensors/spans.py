"""What spans of layers gather, all of them at once: arrays of [layers, layers + 1], layers first..end-1; or of several
cases side by side, [cases, layers, layers + 1]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints


@dataclass(frozen=True)
class Term:
    """`value` in every span that holds layers first..last."""

    first: int
    last: int
    value: int


@dataclass(frozen=True, eq=False)
class Terms:
    """The same of several cases side by side: `value` [cases], or one for all of them."""

    first: int
    last: int
    value: Ints | int


def over_spans(by_layer: Ints) -> Ints:
    """[..., layers, layers + 1] the sum over layers first..end-1 of what is [..., layers]."""
    upto = np.zeros((*by_layer.shape[:-1], by_layer.shape[-1] + 1), by_layer.dtype)
    np.cumsum(by_layer, axis=-1, out=upto[..., 1:])
    spans: Ints = upto[..., None, :] - upto[..., :-1, None]
    return spans


def gathered(layers: int, terms: Iterable[Term | Terms], *cases: int) -> Ints:
    """[*cases, layers, layers + 1] the sum of the terms of each span, of so many cases where there are several."""
    found = np.zeros((*cases, layers, layers + 1), np.int64)
    for term in terms:
        found[..., term.first, term.last + 1] += term.value
    summed: Ints = np.cumsum(np.cumsum(found[..., ::-1, :], axis=-2)[..., ::-1, :], axis=-1)
    return summed


def without(term: Term, before: int | None, behind: int | None) -> Iterator[Term]:
    """Terms whose sum is `term` in the spans that do not hold the layer `before` it, or in it, nor that `behind` it;
    None: there is no such layer."""
    yield term
    if before is not None:
        yield Term(before, term.last, -term.value)
    if behind is not None:
        yield Term(term.first, behind, -term.value)
    if before is not None and behind is not None:
        yield Term(before, behind, term.value)


def most_of(terms: Sequence[Term]) -> Iterator[Term]:
    """Terms whose sum is, of every span, the largest value that it holds of these, none below 0."""
    firsts = sorted({term.first for term in terms}, reverse=True)
    lasts = sorted({term.last for term in terms})
    most = np.zeros((len(firsts) + 1, len(lasts) + 1), np.int64)
    for term in terms:
        held = most[1 + firsts.index(term.first) :, 1 + lasts.index(term.last) :]
        np.maximum(held, term.value, out=held)
    for (first, last), value in np.ndenumerate(np.diff(np.diff(most, axis=0), axis=1)):
        if value:
            yield Term(firsts[first], lasts[last], int(value))
