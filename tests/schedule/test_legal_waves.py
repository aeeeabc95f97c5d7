"""Can plans in waves be followed? The legality oracle walks them."""

from __future__ import annotations

import pytest

from lifsim.model.sharing import Sharing
from tests.legal_plans.cases import Case
from tests.schedule import build
from tests.schedule.hand_waves import Asked, waves_by_hand
from tests.schedule.legality.walked import obeyed
from tests.schedule.networks import network
from tests.schedule.test_wave_steps import CASES


@pytest.mark.parametrize(("ops", "sharing", "asked"), CASES)
@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_plans_by_hand_are_legal(ops: list, sharing: str, asked: Asked, encoding: str) -> None:  # type: ignore[type-arg]
    net, shared = network(ops, (2, 8, 8), 3, encoding), Sharing.parse(sharing)
    obeyed(net, shared, waves_by_hand(net, shared, build.arch(), asked), asked.batch)


@pytest.mark.parametrize(
    "case",
    [
        Case("lenet5_mnist", "sata128", "none", "fused"),
        Case("lenet5_mnist", "tpu_like_small", "channel2-where-possible", "fused"),
        Case("digits_cnn", "eyeriss_like", "none", "fused"),
        pytest.param(Case("har_fcn", "sata128", "layer-where-possible", "skewed"), marks=pytest.mark.slow),
        pytest.param(Case("vgg9_cifar10", "sata128", "layer-where-possible", "skewed"), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_waves_of_shipped_networks_are_legal(case: Case) -> None:
    assert any(group.waves is not None for group in case.plan().groups)
    case.obey()
