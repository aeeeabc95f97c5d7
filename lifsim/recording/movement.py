"""What PyTorch calls the operations that compute nothing: they move values, or ask tensors of their shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOVES = frozenset(
    """
    reshape view flatten unflatten ravel squeeze squeeze_ unsqueeze unsqueeze_ permute transpose transpose_ t swapaxes
    swapdims movedim moveaxis __getitem__ unbind chunk split split_with_sizes tensor_split select narrow index_select
    expand expand_as broadcast_to repeat repeat_interleave tile contiguous clone detach detach_ flip roll view_as
    reshape_as get_T get_mT get_data requires_grad_ cpu cuda unfold
    """.split()  # noqa: SIM905 (many words)
)
"""Of the first argument."""

JOINS = frozenset(
    """
    stack cat concat concatenate hstack vstack dstack
    """.split()  # noqa: SIM905 (many words)
)
"""Of all tensors that they are given."""

WRITES = frozenset(
    """
    __setitem__ copy_ zero_ fill_ set_data
    """.split()  # noqa: SIM905 (many words)
)
"""Into the first argument."""

CASTS = frozenset(
    """
    to type type_as float double half bfloat16 int long short bool byte to_dense
    """.split()  # noqa: SIM905 (many words)
)
"""Of the first argument, if its values stay what they are."""

READS = frozenset(
    """
    item tolist numpy __array__ __bool__ __int__ __float__ __index__ __complex__ __contains__ equal allclose
    is_nonzero
    """.split()  # noqa: SIM905 (many words)
)
"""What takes values out of tensors into Python."""


def name_of(function: Callable[..., Any]) -> str:
    """Of a function of PyTorch; an attribute of a tensor is read by `get_NAME` and set by `set_NAME`."""
    name: str = getattr(function, "__name__", str(function))
    if name in ("__get__", "__set__"):
        return f"{name.strip('_')}_{function.__self__.__name__}"  # type: ignore[attr-defined]
    return name


def leaves(tree: Any) -> Iterator[Any]:
    """What is in a tree of tuples, lists and dictionaries."""
    if isinstance(tree, tuple | list):
        for branch in tree:
            yield from leaves(branch)
    elif isinstance(tree, dict):
        yield from leaves(list(tree.values()))
    else:
        yield tree


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """A tree of lists with every leaf changed; of tuples with names, plain ones."""
    if isinstance(tree, list):
        return [mapped(branch, change) for branch in tree]
    if isinstance(tree, tuple):
        return tuple(mapped(branch, change) for branch in tree)
    if isinstance(tree, dict):
        return {name: mapped(branch, change) for name, branch in tree.items()}
    return change(tree)
