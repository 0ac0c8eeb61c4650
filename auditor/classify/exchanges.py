"""HTTP requests with their answers, as one value each, and the bodies that belong to them.

Not their purpose (`purpose`) and not what is searched in them (`places`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.flow import HttpExchange
from auditor.model.observation import HttpBody
from auditor.model.observation import HttpRequest
from auditor.model.observation import HttpResponse
from auditor.model.observation import WebSocketMessage

if TYPE_CHECKING:
    from auditor.classify.ledger import Ledger
    from auditor.model.observation import Entry
    from auditor.parse.http_body import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with everything observed of it."""

    entry: Entry
    request: HttpRequest
    response: HttpResponse | None
    bodies: tuple[HttpBody, ...]
    messages: tuple[tuple[Entry, WebSocketMessage], ...]

    def body(self, direction: str) -> HttpBody | None:
        """The body in one direction; None when none was read."""
        return next((body for body in self.bodies if body.direction == direction), None)

    @property
    def response_headers(self) -> Headers:
        """Field lines of the answer."""
        return self.response.headers if self.response else ()

    def bytes(self, direction: str) -> int:
        """Body and message bytes in one direction."""
        body = self.body(direction)
        said = sum(message.bytes for _, message in self.messages if message.direction == direction)
        return (body.bytes if body else 0) + said

    def summary(self) -> HttpExchange:
        """As it stands in a flow, purpose not yet judged."""
        out, back = self.body("out"), self.body("in")
        return HttpExchange(
            id=self.request.exchange,
            method=self.request.method,
            url=self.request.url,
            status=self.response.status if self.response else 0,
            bytes_out=self.bytes("out"),
            bytes_in=self.bytes("in"),
            request_headers=self.request.headers,
            request_body=out.body if out else "",
            response_body=back.body if back else "",
            served_by=self.response.served_by if self.response else "",
            evidence=self.entry.ref,
            mono_s=self.entry.mono,
        )


def exchanges(ledger: Ledger, flow: str) -> tuple[Exchange, ...]:
    """All exchanges of a flow, in order."""
    return tuple(
        Exchange(
            entry=entry,
            request=request,
            response=next((what for _, what in ledger.of_exchange(request.exchange, HttpResponse)), None),
            bodies=tuple(what for _, what in ledger.of_exchange(request.exchange, HttpBody)),
            messages=tuple(ledger.of_exchange(request.exchange, WebSocketMessage)),
        )
        for entry, request in ledger.of_flow(flow, HttpRequest)
    )
