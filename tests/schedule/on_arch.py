"""Schedules on whole architectures, of which they read their parts."""

from __future__ import annotations

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.schedule.facts import NetworkFacts, facts_of
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import Plan, ScheduleOptions


def plan_on(network: Network, sharing: Sharing, arch: Arch, options: ScheduleOptions) -> Plan:
    return plan(network, sharing, arch, options)


def facts_on(network: Network, sharing: Sharing, arch: Arch) -> NetworkFacts:
    return facts_of(network, sharing, arch)
