"""The channels of the positive control as a table, and what the box is told of them.

Not the use of them: that is `sending` in the box, then `clients` and `quic`.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING
from typing import Final

from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.record.controls.reports import Task
    from auditor.sandbox.plan import BoxPlan

BEFORE, AFTER = "before", "after"
"""The two rounds: before the app is started, and after its last process has ended."""
MOMENTS: Final = {BEFORE: "before the app", AFTER: "after the app"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way for a value to leave the app."""

    name: str
    ipv6: bool = False
    """It needs IPv6, which some machines are built without."""
    offline: bool = False
    """It is there when the cable is pulled, too."""
    answered: bool = False
    """It ends with an answer, which nobody gives before the proxy stands."""


CHANNELS: Final = (
    Channel(name="child"),
    Channel(name="daemon"),
    Channel(name="dns", offline=True, answered=True),
    Channel(name="dns-tcp", answered=True),
    Channel(name="tcp"),
    Channel(name="ipv6", ipv6=True),
    Channel(name="udp"),
    Channel(name="udp6", ipv6=True),
    Channel(name="icmp"),
    Channel(name="icmp6", ipv6=True),
    Channel(name="multicast"),
    Channel(name="multicast6", ipv6=True),
    Channel(name="http", answered=True),
    Channel(name="https", answered=True),
    Channel(name="h2", answered=True),
    Channel(name="websocket", answered=True),
    Channel(name="quic", answered=True),
    Channel(name="unix", offline=True),
    Channel(name="file", offline=True),
)
"""In the order in which they are used: what runs in processes of its own first, beside the rest."""
ANSWERED: Final = frozenset(channel.name for channel in CHANNELS if channel.answered)
OUTSIDE: Final = frozenset({"quic"})
"""Opened in the box and spoken outside of it in the second round, too: see `quic`."""

# Documentation addresses (RFC 5737, RFC 3849) and groups of one site (RFC 2365, RFC 4291): nobody's, in the
# box as outside. Chosen anew for each run, so that no program knows them before.
_IPV4 = ipaddress.IPv4Network("203.0.113.0/24")
_IPV6 = ipaddress.IPv6Network("2001:db8::/32")
_GROUPS = ipaddress.IPv4Network("239.255.0.0/16")
_GROUPS_6 = ipaddress.IPv6Network("ff05::/16")


def names(*, ipv6: bool, offline: bool) -> tuple[str, ...]:
    """The channels that a box has."""
    return tuple(
        channel.name
        for channel in CHANNELS
        if (channel.offline or not offline) and (ipv6 or not channel.ipv6)
    )


def host(channel: str) -> str:
    """Name of the server that a channel talks to."""
    return f"{channel}.example.org"


def canaries(moment: str, channels: Iterable[str]) -> dict[str, Canary]:
    """A value for each channel; a DNS label in form, so that it fits everywhere."""
    return {
        channel: Canary(
            id=f"control-{moment}-{channel}",
            kind=CanaryKind.CONTROL,
            value=f"c{secrets.token_hex(10)}",
            planted_in=f"our own control {MOMENTS[moment]}, channel {channel}",
        )
        for channel in channels
    }


def task(plan: BoxPlan, planted: dict[str, Canary], *, ipv6: bool) -> Task:
    """What the box is told, in plain values.

    `tokens` are the values by channel, `folders` the recorded trees in the order in which they are tried,
    `own4` and `own6` the box's own addresses; the rest is where to send to, empty where there is no IPv6.
    """
    network = plan.network
    return {
        "tokens": {channel: canary.value for channel, canary in planted.items()},
        "hosts": {channel: host(channel) for channel in planted},
        "folders": _folders(plan),
        "resolver": network.resolvers[0],
        "own4": network.app_ipv4.partition("/")[0],
        "own6": network.app_ipv6.partition("/")[0],
        "ipv4": _somewhere(_IPV4),
        "ipv6": _somewhere(_IPV6) if ipv6 else "",
        "group4": _somewhere(_GROUPS),
        "group6": _somewhere(_GROUPS_6) if ipv6 else "",
    }


def _somewhere(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    return str(network[SystemRandom().randrange(1, network.num_addresses - 1)])


def _folders(plan: BoxPlan) -> list[str]:
    """Recorded trees that the app's user may write: where apps write first, those that began empty last."""
    usual = ("/tmp", plan.cwd, plan.environment["HOME"])
    layers = sorted(
        plan.layers,
        key=lambda layer: (not layer.lower, usual.index(layer.mount) if layer.mount in usual else len(usual)),
    )
    return [layer.mount for layer in layers if not layer.lower or os.access(layer.mount, os.W_OK)]
