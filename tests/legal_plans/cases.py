"""Which plans there are, and the walk of one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan, ScheduleOptions
from tests.schedule.legality.walked import obeyed
from tests.schedule.on_arch import plan_on

SHARED = ("none", "layer-where-possible", "channel4-where-possible")
SCHEDULES = ("tick", "timestep", "auto")
MACHINES = ("sata128", "eyeriss_like", "tpu_like_small")
WORKLOADS = (
    "lenet5_mnist", "har_fcn", "har_sdcl_ucihar", "har_sfcn_ucihar", "digits_cnn", "vgg9_cifar10",
    "alexnet_cifar10", "mobilenet_cifar10", "resnet19_cifar10", "resnet19_shared_cifar10",
    "spikformer_block_cifar10", "vgg16_cifar10", "vgg16_efficientlif_shared_cifar10",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One plan, by the names of what it is made of."""

    workload: str
    arch: str
    sharing: str
    schedule: str

    def plan(self) -> Plan:
        """Of one image."""
        network, sharing = load_workload(self.workload), Sharing.parse(self.sharing)
        return plan_on(network, sharing, load_arch(self.arch), ScheduleOptions(self.schedule))

    def obey(self) -> None:
        """Plan it and walk it. Raises AssertionError with the sentence of the oracle where it is not legal."""
        obeyed(load_workload(self.workload), Sharing.parse(self.sharing), self.plan(), 1)


def cases() -> list[Case]:
    """All of them."""
    return [Case(*names) for names in product(WORKLOADS, MACHINES, SHARED, SCHEDULES)]
