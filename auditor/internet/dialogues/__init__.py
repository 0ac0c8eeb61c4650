"""Protocols in which a client waits for answers before it says what it came to say.

Not servers: each knows just enough for a client to go on. What was said is written down by the proxy.
Chosen by port where the server speaks first, by the first bytes where the client does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.internet.dialogues.files import Ftp
from auditor.internet.dialogues.mail import Imap
from auditor.internet.dialogues.mail import Pop3
from auditor.internet.dialogues.mail import Smtp
from auditor.internet.dialogues.messages import Irc
from auditor.internet.dialogues.messages import Mqtt
from auditor.internet.dialogues.stores import MySql
from auditor.internet.dialogues.stores import Postgres
from auditor.internet.dialogues.stores import Redis

if TYPE_CHECKING:
    from auditor.internet.dialogues.contract import Dialogue

SERVER_FIRST: dict[int, type[Dialogue]] = {
    25: Smtp, 465: Smtp, 587: Smtp, 2525: Smtp, 110: Pop3, 995: Pop3, 143: Imap, 993: Imap,
    21: Ftp, 990: Ftp, 3306: MySql,
}  # fmt: skip
CLIENT_FIRST: tuple[tuple[re.Pattern[bytes], type[Dialogue]], ...] = (
    (re.compile(rb"(?:CAP LS|NICK |USER |PASS )"), Irc),
    (re.compile(rb"\*[1-9]\d{0,6}\r\n\$\d|PING\r\n"), Redis),
    (re.compile(rb"\x10.{1,5}\x00\x04MQTT[\x03-\x05]|\x10.{1,5}\x00\x06MQIsdp", re.DOTALL), Mqtt),
    (re.compile(rb"\x00\x00\x00\x08\x04\xd2\x16[\x2f\x30]|\x00\x00..\x00\x03\x00\x00", re.DOTALL), Postgres),
)
"""Those are tried on any port."""


def for_port(port: int) -> Dialogue | None:
    """The dialogue of a server that speaks first; None when clients do."""
    made = SERVER_FIRST.get(port)
    return made() if made else None


def for_bytes(data: bytes) -> Dialogue | None:
    """The dialogue that a client begins with these bytes; None when it is none of these."""
    return next((made() for pattern, made in CLIENT_FIRST if pattern.match(data)), None)
