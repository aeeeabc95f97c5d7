"""Random networks under every schedule that has a name: `python -m tests.named_schedules N SEED`.

Of N networks each: whether auto moves more than any of them or less than what must move; whether any moves more bytes
where a buffer is larger; whether of one timestep all are alike. Fails at the first that does not hold.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lifsim.model.arch import Arch
from lifsim.model.network import Network
from tests.schedule.named import BUFFERS, NETWORKS, SHARINGS, are_alike, is_never_worse, named, never_rises
from tests.schedule.networks import networks, relay_networks
from tests.schedule.test_timestep import archs
from tests.schedule.wave_networks import wave_networks

QUIET = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
ONE = st.just(1)
ONE_TIMESTEP = st.one_of(networks(ONE), relay_networks(ONE), wave_networks(ONE))

Check = Callable[[st.DataObject, Network, str, Arch], bool]


def worse(data: st.DataObject, network: Network, sharing: str, arch: Arch) -> bool:
    """Whether auto could be asked whether it is."""
    return is_never_worse(network, sharing, arch, data.draw(st.integers(1, 3)))


def rises(data: st.DataObject, network: Network, sharing: str, arch: Arch) -> bool:
    """Of one buffer and schedule."""
    words = ["auto", *named(network.timesteps)]
    never_rises(network, sharing, arch, (data.draw(st.sampled_from(BUFFERS)), data.draw(st.sampled_from(words))))
    return True


def alike(_: st.DataObject, network: Network, sharing: str, arch: Arch) -> bool:
    """Of one timestep."""
    are_alike(network, sharing, arch)
    return True


CHECKS: tuple[tuple[Check, st.SearchStrategy[Network]], ...] = (
    (worse, NETWORKS),
    (rises, NETWORKS),
    (alike, ONE_TIMESTEP),
)


def checked(check: Check, of: st.SearchStrategy[Network], number: int, start: int) -> Counter[str]:
    """So many random networks."""
    found = Counter[str]()

    @seed(start)
    @settings(QUIET, max_examples=number)
    @given(st.data(), of, st.sampled_from(SHARINGS), archs())
    def hold(data: st.DataObject, network: Network, sharing: str, arch: Arch) -> None:
        found["hold" if check(data, network, sharing, arch) else "are refused"] += 1

    hold()
    return found


if __name__ == "__main__":
    for check, of in CHECKS:
        for words, often in sorted(checked(check, of, int(sys.argv[1]), int(sys.argv[2])).items()):
            print(f"{check.__name__}: {often} {words}", flush=True)
