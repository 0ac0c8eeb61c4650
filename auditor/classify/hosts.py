"""Names, addresses, and what the user declared about them.

Not organisations: those are in `entities`.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from auditor.model.observation import DnsQuery
from auditor.model.run import Declared
from auditor.parse.host_name import to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.classify.ledger import Ledger


def canonical(host: str) -> str:
    """A host name as it is compared: in punycode, lower-case, without port, brackets and final dot.

    >>> canonical("Example.ORG.:443"), canonical("[fd77::1]:80")
    ('example.org', 'fd77::1')
    """
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    if host.count(":") == 1:
        host = host.partition(":")[0]
    return to_ascii(host.rstrip("."))


def host_of(url: str) -> str:
    """Host of a URL, empty when it has none or is broken."""
    try:
        return canonical(urlsplit(url).hostname or "")
    except ValueError:
        return ""


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@functools.lru_cache(maxsize=4096)
def site(domain: str, ip: str = "") -> str:
    """What a host belongs to: the part of its name that somebody registered, else the name or address itself.

    >>> site("eu.i.posthog.com"), site("", "192.0.2.1")
    ('posthog.com', '192.0.2.1')
    """
    name = canonical(domain)
    return _suffixes().privatesuffix(name) or name or ip


def is_address(host: str) -> bool:
    """True for IPv4 and IPv6 literals."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def scope(address: str) -> str:
    """`loopback`, `any`, `multicast` or `remote`; also `remote` for what is no address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "remote"
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    if parsed.is_loopback:
        return "loopback"
    if parsed.is_unspecified:
        return "any"
    return "multicast" if parsed.is_multicast or str(parsed) == "255.255.255.255" else "remote"


class Names:
    """Which name our resolver had given an address for."""

    def __init__(self, ledger: Ledger) -> None:
        """Read the answers that were given out."""
        self._given: dict[str, list[tuple[float, str]]] = {}
        for entry, query in ledger.all(DnsQuery):
            for answer in query.answers:
                self._given.setdefault(answer, []).append((entry.mono, canonical(query.name)))

    def of(self, ip: str, mono: float) -> str:
        """The name last asked for before `mono` that `ip` was an answer to, empty when there is none."""
        before = [name for at, name in self._given.get(ip, ()) if at <= mono]
        return before[-1] if before else ""


class Declarations:
    """Contacts that the user declared."""

    def __init__(self, declared: Iterable[Declared]) -> None:
        """Sort exact hosts from `*.domain` patterns."""
        hosts = {canonical(contact.host) for contact in declared}
        self._below = tuple(host[1:] for host in hosts if host.startswith("*."))
        self._exact = hosts

    def cover(self, *hosts: str) -> bool:
        """True when any of these names or addresses was declared."""
        return any(
            host in self._exact or host.endswith(self._below) for host in map(canonical, hosts) if host
        )
