"""What Numba compiles of a function for arguments of some types, kept for later processes and shipped as kernels are.

Unlike a kernel, such a function takes any arrays and tuples, and Numba calls it. So what is kept is Numba's: it is of
no use to another Numba, another NumPy or another Python, and is passed over there. It is read only where code may be
(`Cache.read`), or from this package.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from typing import Any

from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from lifsim.kernels.cache import user_cache
from lifsim.kernels.kernel import digest_of
from lifsim.kernels.shipped import OVERLOAD, shipped_code

_rebuilt: Any = CompileResult._rebuild  # what Numba is made of has no types
_dumped: Any = dumps


class Family:
    """Functions that call each other. sources: the files that they are compiled from, as patterns below lifsim/."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self.digest = digest_of(sources, [str(sys.implementation.cache_tag)])
        self._members: list[Any] = []

    def add(self, dispatcher: Any) -> None:
        """Keep what Numba compiles of it."""
        self._members.append(dispatcher)
        dispatcher._cache = Overloads(dispatcher.py_func, self)

    @property
    def is_nested(self) -> bool:
        """Whether one is compiled because another one calls it."""
        return sum(bool(member._compiling_counter) for member in self._members) > 1


class Overloads(_Cache):
    """Those of one function: Numba's hook. What is compiled into its caller is kept with the caller alone."""

    def __init__(self, function: Callable[..., Any], family: Family) -> None:
        self._function, self._family = function, family

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Numba's hook: of these arguments, None if it is to be compiled."""
        target_context.refresh()
        if self._family.is_nested:
            return None
        code = self._kept(sig, target_context.codegen())
        if code is None:
            return None
        return _rebuilt(target_context, *pickle.loads(code))  # noqa: S301

    def save_overload(self, sig: Any, data: Any) -> None:
        """Numba's hook: just compiled."""
        cache = user_cache()
        if cache and not (self._family.is_nested or data.lifted or data.library.has_dynamic_globals):
            cache.keep(self._name(sig, data.codegen.magic_tuple()), _dumped(data._reduce()))

    def _kept(self, sig: Any, codegen: Any) -> bytes | None:
        triple, *_ = target = codegen.magic_tuple()
        code = shipped_code(lambda level: self._name(sig, (triple, level, "")))
        if code is None and (cache := user_cache()):
            code = cache.read(self._name(sig, target))
        return code

    def _name(self, sig: Any, target: tuple[object, ...]) -> str:
        told = hashlib.sha256(repr((str(sig), target)).encode()).hexdigest()[:16]
        function = f"{self._function.__module__}.{self._function.__qualname__}"
        return f"{function}-{told}-{self._family.digest}{OVERLOAD}"

    @property
    def cache_path(self) -> str:
        """Numba's hook: where it is kept."""
        cache = user_cache()
        return str(cache.folder) if cache else ""

    def enable(self) -> None:
        """Numba's hook: it always is."""

    def disable(self) -> None:
        """Numba's hook: as `enable`."""

    def flush(self) -> None:
        """Numba's hook: a name is of its sources, so that none is ever stale."""
