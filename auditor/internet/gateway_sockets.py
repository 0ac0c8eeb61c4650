"""What the box's gateway hands to the internet: sockets and callables, and the words for them.

No behaviour and no heavy imports: whoever builds the box needs only this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import NamedTuple

if TYPE_CHECKING:
    import socket


class Endpoint(NamedTuple):
    """One end of a conversation."""

    ip: str
    port: int


class Identity(NamedTuple):
    """Whose socket it is, as sock_diag(7) knew it right after accept(2)."""

    cookie: int = 0
    """SO_COOKIE, 0 when the socket was gone already."""
    inode: int = 0
    owner: str = ""
    """Process key, when it was found at once by the inode."""
    app: str = ""
    """Process key, however it was found, of a process of the app; empty for our own programs."""


NOBODY = Identity()

Identify = Callable[[str, Endpoint, Endpoint], Identity]
"""(transport, client, original destination) -> identity; must not block."""

ReplySocket = Callable[[int, Endpoint, Endpoint], "socket.socket"]
"""(address family, local, peer) -> a UDP socket bound to `local` (an address that is not ours) and connected
to `peer`. Raises OSError."""

Destination = Callable[["socket.socket"], Endpoint]
"""Original destination of an accepted TCP socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySockets:
    """The four sockets that TPROXY delivers to; None where the box has no such family."""

    tcp4: socket.socket | None = None
    """Listening."""
    tcp6: socket.socket | None = None
    udp4: socket.socket | None = None
    """Bound, IP_RECVORIGDSTADDR set."""
    udp6: socket.socket | None = None

    @property
    def tcp(self) -> tuple[socket.socket, ...]:
        """The listening ones."""
        return tuple(each for each in (self.tcp4, self.tcp6) if each is not None)

    @property
    def udp(self) -> tuple[socket.socket, ...]:
        """The datagram ones."""
        return tuple(each for each in (self.udp4, self.udp6) if each is not None)


def original_destination(accepted: socket.socket) -> Endpoint:
    """Under TPROXY the accepted socket's own name is the address that was dialled."""
    return endpoint(accepted.getsockname())


def endpoint(address: tuple[str, int] | tuple[str, int, int, int]) -> Endpoint:
    """A socket address of either family, without scope; mapped IPv4 as IPv4."""
    ip, _, _ = address[0].partition("%")
    return Endpoint(ip.removeprefix("::ffff:") if "." in ip else ip, address[1])
