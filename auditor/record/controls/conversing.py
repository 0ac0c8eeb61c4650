"""The conversations on sockets that the control handed out of the box, held in the supervisor.

Not the clients themselves, and nothing that the app could reach: no process of ours is in the box meanwhile.
"""

from __future__ import annotations

import socket
import ssl

from auditor.record.controls.clients import CLIENTS

QUIC = "quic"


def trust_in(authority: bytes) -> ssl.SSLContext:
    """A context that trusts the run's authority (PEM) and nobody else."""
    return ssl.create_default_context(cadata=authority.decode())


def converse(
    channel: str,
    connection: socket.socket,
    host: str,
    value: str,
    trust: ssl.SSLContext,
    authority: bytes,
    timeout_s: float,
) -> str:
    """Carry on one conversation to its end; returns what went wrong, empty when nothing did."""
    connection.settimeout(timeout_s)
    try:
        if channel == QUIC:
            from auditor.record.controls import quic  # noqa: PLC0415 - loaded with the proxy by now

            quic.request(connection, host, value, authority, timeout_s)
        else:
            CLIENTS[channel](connection, host, value, trust)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
