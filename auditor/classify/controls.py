"""Whether what our own control sent was seen, laid to its process, and understood.

Not a judgement: which of the three may be missing is decided by the judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from auditor.model.coverage import ControlResult
from auditor.model.observation import CanaryPlanted
from auditor.model.observation import ControlSent
from auditor.model.observation import FileChanged
from auditor.model.observation import SocketCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.classify.coverage import Material
    from auditor.model.process import Owner

ROLE = "control"
UNIX = "unix"
"""The channel whose only trace is the system call itself."""

_REQUEST = ("url", "request body")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a channel's value looks when its protocol was understood."""

    where: tuple[str, ...]
    """`Sighting.where`."""
    protocol: str
    """`Flow.protocol`, or `Lookup.transport`."""


DECODED: Final = {
    "dns": _Form(where=("lookup",), protocol="udp"),
    "dns-tcp": _Form(where=("lookup",), protocol="tcp"),
    "http": _Form(where=_REQUEST, protocol="http"),
    "https": _Form(where=_REQUEST, protocol="https"),
    "h2": _Form(where=_REQUEST, protocol="h2"),
    "websocket": _Form(where=("websocket message",), protocol="ws"),
    "quic": _Form(where=_REQUEST, protocol="h3"),
}
"""All other channels carry bytes, or a name, and nothing to understand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """Something of the control that was recorded."""

    owner: Owner
    protocol: str = ""


def controls(material: Material) -> Iterator[ControlResult]:
    """One result for each value that was sent, in order.

    Seen: the value turned up in something that belongs to the control. Attributed: with the process that
    sent it. Decoded: in the part of the protocol where it was put.
    """
    traces = _traces(material)
    called = _called(material)
    for _, sent in material.ledger.all(ControlSent):
        if sent.channel == UNIX:
            yield ControlResult(
                channel=sent.channel, round=sent.round,
                seen=sent.token in called, attributed=called.get(sent.token, False),
            )  # fmt: skip
            continue
        seen = [one for one in material.sightings if one.canary == sent.token and one.subject in traces]
        form = DECODED.get(sent.channel)
        yield ControlResult(
            channel=sent.channel,
            round=sent.round,
            seen=bool(seen),
            attributed=any(traces[one.subject].owner.key is not None for one in seen),
            decoded=None if form is None else any(
                one.where in form.where and traces[one.subject].protocol == form.protocol for one in seen
            ),
        )  # fmt: skip


def _traces(material: Material) -> dict[str, _Trace]:
    """All that belongs to the control, by id of the flow or look-up, or path of the file."""
    files = [pair for pair in material.ledger.all(FileChanged) if pair[1].role == ROLE]
    return {
        **{
            one.flow.id: _Trace(owner=one.flow.process, protocol=one.flow.protocol)
            for one in material.contacts
            if one.role == ROLE
        },
        **{
            one.lookup.id: _Trace(owner=one.lookup.process, protocol=one.lookup.transport)
            for one in material.questions
            if one.role == ROLE
        },
        **{what.path: _Trace(owner=material.writers.of(entry, what).owner) for entry, what in files},
    }


def _called(material: Material) -> dict[str, bool]:
    """Whether the process is known, by id of each value in the address of a unix socket that we tried."""
    values = {what.value: what.id for _, what in material.ledger.all(CanaryPlanted) if what.canary == ROLE}
    return {
        values[value]: bool(call.process)
        for _, call in material.ledger.all(SocketCall)
        if call.role == ROLE and call.family == UNIX
        for value in values
        if value in call.address
    }
