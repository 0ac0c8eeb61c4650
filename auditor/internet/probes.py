"""Which connections are shown a certificate that must be refused: one for each process and host.

Not the certificate: that comes from the terminator. A client that refuses as it should loses that one
connection, and finds the trusted certificate at its next; some never try again, so this is an option.
"""

from __future__ import annotations


class Probes:
    """Remembers who accepted the trusted certificate, and who was probed already."""

    def __init__(self) -> None:
        self._trusting: set[tuple[str, str]] = set()
        self._probed: set[tuple[str, str]] = set()

    def established(self, owner: str, host: str) -> None:
        """A process accepted the trusted certificate of a host."""
        self._trusting.add((owner, host))

    def due(self, owner: str, host: str) -> bool:
        """True once for each known process and host, on a connection after the first that was accepted."""
        pair = (owner, host)
        if not owner or pair not in self._trusting or pair in self._probed:
            return False
        self._probed.add(pair)
        return True
