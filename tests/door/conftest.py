"""What members of other packages are registered by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifsim.registry import Registry, registry_of


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, type[Any]], None]:
    """Registers a member until the test ends."""

    def register(kind: str, member: type[Any]) -> None:
        registry: Registry[Any] = registry_of(kind)
        monkeypatch.setattr(registry, "_members", dict(registry))
        monkeypatch.setattr(registry, "_origins", {name: registry.origin(name) for name in registry})
        registry.register(member)

    return register
