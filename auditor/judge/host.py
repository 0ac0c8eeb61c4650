"""What a destination is called and who registered it. Not who stands behind it: that is classified."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING

from publicsuffixlist import PublicSuffixList

from auditor.model.run import Declared

if TYPE_CHECKING:
    from collections.abc import Sequence

_BROADCAST = ipaddress.ip_address("255.255.255.255")


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@functools.lru_cache(maxsize=4096)
def registered_domain(name: str) -> str:
    """The part of a name below its public suffix, empty when there is none (publicsuffix.org).

    >>> registered_domain("eu.i.posthog.com")
    'posthog.com'
    """
    return _suffixes().privatesuffix(name.rstrip(".").lower()) or ""


def site(domain: str, ip: str) -> str:
    """What findings are grouped by: the registered domain, else the name, else the address."""
    return registered_domain(domain) or domain.rstrip(".").lower() or ip


def scope(domain: str, ip: str) -> str:
    """`named` when the app used a name, else the kind of address (RFC 6890)."""
    if domain:
        return "named"
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "public"  # nothing is known of it, so nothing speaks for it
    kinds = {
        "broadcast": address == _BROADCAST,
        "multicast": address.is_multicast,
        "loopback": address.is_loopback,
        "link-local": address.is_link_local,
        "private": address.is_private,
    }
    return next((name for name, holds in kinds.items() if holds), "public")


def declared_purpose(names: Sequence[str], declared: Sequence[Declared]) -> str:
    """The purpose that the user gave a host with `--allow HOST=PURPOSE`; exact names go before wildcards.

    Args:
        names: What the host is called: name, SNI, address; empty ones are passed over.
        declared: What the user declared.
    """
    called = [name.rstrip(".").lower() for name in names if name]
    fitting = [entry for entry in declared if any(_covers(entry.host.lower(), name) for name in called)]
    fitting.sort(key=lambda entry: (entry.host.startswith("*."), -len(entry.host)))
    return next((entry.purpose for entry in fitting), "")


def _covers(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
