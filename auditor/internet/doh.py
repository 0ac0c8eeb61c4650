"""Names asked for over HTTP: which requests are questions, and the answers in the form they want.

DNS messages (RFC 8484) and the JSON form of public resolvers. Not the answers themselves: those come
from the name server.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import as_json
from auditor.parse import dns

if TYPE_CHECKING:
    from auditor.internet.services.contract import Request

SERVED_BY = "doh"
MESSAGE = "application/dns-message"
JSON = "application/dns-json"
JSON_PATHS = ("/resolve", "/dns-query")
"""Where the public resolvers keep the JSON form."""

Ask = Callable[[bytes], bytes]
"""Query in, response out; ValueError for what is no query."""


def reply(request: Request, ask: Ask) -> Reply | None:
    """The answer to a request that is a question about a name; None for any other."""
    try:
        if (query := message_of(request)) is not None:
            return Reply(headers=(("Content-Type", MESSAGE),), body=ask(query))
        if (question := _json_question(request)) is not None:
            return _json_reply(question, ask)
    except ValueError:
        return None
    return None


def message_of(request: Request) -> bytes | None:
    """The DNS message in a request (RFC 8484, 4.1), None when it carries none.

    Raises:
        ValueError: the parameter `dns` is no base64url.
    """
    if request.method == "POST":
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return request.body if kind == MESSAGE else None
    encoded = request.parameter("dns") if request.method == "GET" else ""
    if not encoded:
        return None
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"not base64url: {error}") from error


def _json_question(request: Request) -> dns.Question | None:
    name = request.parameter("name").rstrip(".")
    told = JSON in request.accept or request.path in JSON_PATHS
    if request.method != "GET" or not name or not told:
        return None
    kind = request.parameter("type").upper() or "A"
    number = int(kind) if kind.isdecimal() else dns.Type.__members__.get(kind, dns.Type.A)
    return dns.Question(name=name, type=number)


def _json_reply(question: dns.Question, ask: Ask) -> Reply:
    query = dns.encode(dns.Message(id=0, recursion_desired=True, questions=(question,)))
    answered = dns.parse(ask(query))
    document = {
        "Status": answered.rcode, "TC": answered.truncated, "RD": answered.recursion_desired,
        "RA": answered.recursion_available, "AD": False, "CD": False,
        "Question": [{"name": f"{each.name}.", "type": each.type} for each in answered.questions],
    }  # fmt: skip
    answers = [
        {"name": f"{each.name}.", "type": each.type, "TTL": each.ttl, "data": dns.data_text(each)}
        for each in answered.answers
    ]
    made = as_json(document | ({"Answer": answers} if answers else {}))
    return Reply(headers=(("Content-Type", JSON),), body=made.body)
