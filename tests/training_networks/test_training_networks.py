"""Do whole training runs of random small networks move and work what the independent count has?"""

from __future__ import annotations

import pytest

from tests.training_networks.compare import differences
from tests.training_networks.draw import drawn


def require_alike(seed: int) -> None:
    run, result = drawn(seed)
    assert not list(differences(run, result)), f"python -m tests.training_networks 1 {seed}"


@pytest.mark.parametrize("seed", range(10))
def test_a_run_is_counted(seed: int) -> None:
    require_alike(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10, 60, 10))
def test_more_runs_are_counted(first: int) -> None:
    for seed in range(first, first + 10):
        require_alike(seed)
