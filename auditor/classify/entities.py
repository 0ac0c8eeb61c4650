"""Who is behind a host: the organisation, and what the host is known to be for.

Not a judgement about any of them, and not where a host is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec
import yaml
from publicsuffixlist import PublicSuffixList

from auditor.classify.hosts import is_address
from auditor.model.flow import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One row of `data/entities.yaml`."""

    name: str
    """Organisation; empty for nobody known."""
    purpose: Purpose = Purpose.UNKNOWN
    """What the host is for when a request itself does not say."""


NOBODY = Entity(name="")


def entity(host: str) -> Entity:
    """The row for a host: its own, or that of the longest suffix down to its registrable domain.

    >>> entity("eu.i.posthog.com").name
    'PostHog'
    """
    if not host or is_address(host):
        return NOBODY
    table = _table()
    registrable = _suffixes().privatesuffix(host) or host
    labels = host.split(".")
    for start in range(len(labels) - registrable.count(".")):
        found = table.get(".".join(labels[start:]))
        if found is not None:
            return found
    return table.get("*." + registrable.partition(".")[2], NOBODY)


@cache
def _table() -> dict[str, Entity]:
    text = resources.files("auditor.classify").joinpath("data/entities.yaml").read_text()
    return msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), dict[str, Entity])


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
