"""Mail: SMTP takes every message, IMAP and POP3 show an empty mailbox.

Not a mail server: nothing is delivered and nothing kept.
"""

from __future__ import annotations

import re
from typing import ClassVar

from auditor.internet.dialogues.contract import Lines
from auditor.internet.dialogues.contract import verb

_LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}$")
"""Announces bytes instead of the rest of a line (RFC 3501, 4.3; RFC 7888)."""


class Smtp(Lines):
    """RFC 5321, with STARTTLS (RFC 3207) and AUTH (RFC 4954)."""

    protocol = "smtp"
    greeting = b"220 mail ESMTP ready\r\n"
    _ANSWERS: ClassVar = {
        b"STARTTLS": b"220 2.0.0 Ready to start TLS\r\n", b"QUIT": b"221 2.0.0 Bye\r\n",
        b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._in_data = False
        self._prompts: list[bytes] = []
        """What is still asked for while the client logs in."""

    def _line(self, line: bytes) -> bytes:
        if self._in_data:
            self._in_data = line != b"."
            return b"" if self._in_data else b"250 2.0.0 Ok: queued\r\n"
        if self._prompts:
            return self._prompts.pop(0)
        said = verb(line)
        if said == b"AUTH":
            return self._auth(line)
        self._in_data = said == b"DATA"
        self.wants_tls = said == b"STARTTLS" and not self.secure
        self.over = self.over or said == b"QUIT"
        return self._capabilities() if said == b"EHLO" else self._ANSWERS.get(said, b"250 2.0.0 Ok\r\n")

    def _capabilities(self) -> bytes:
        tls = b"" if self.secure else b"250-STARTTLS\r\n"
        return (
            b"250-mail\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
            + tls
            + b"250 AUTH PLAIN LOGIN\r\n"
        )

    def _auth(self, line: bytes) -> bytes:
        words = line.upper().split()
        prompts = [b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"] if b"LOGIN" in words else [b"334 \r\n"]
        self._prompts = [*prompts[len(words) - 2 :], b"235 2.7.0 Authentication successful\r\n"]
        return self._prompts.pop(0)


class Pop3(Lines):
    """RFC 1939, with STLS (RFC 2595)."""

    protocol = "pop3"
    greeting = b"+OK ready\r\n"
    _ANSWERS: ClassVar = {
        b"CAPA": b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nSTLS\r\n.\r\n", b"STAT": b"+OK 0 0\r\n",
        b"LIST": b"+OK\r\n.\r\n", b"UIDL": b"+OK\r\n.\r\n", b"RETR": b"-ERR no such message\r\n",
        b"AUTH": b"+ \r\n",
    }  # fmt: skip

    def _line(self, line: bytes) -> bytes:
        said = verb(line)
        self.over = self.over or said == b"QUIT"
        self.wants_tls = said == b"STLS" and not self.secure
        return self._ANSWERS.get(said, b"+OK\r\n")


class Imap(Lines):
    """RFC 3501."""

    protocol = "imap"
    greeting = b"* OK IMAP4rev1 ready\r\n"
    _UNTAGGED: ClassVar = {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LITERAL+\r\n",
        b"SELECT": b"* 0 EXISTS\r\n* 0 RECENT\r\n* FLAGS ()\r\n* OK [UIDVALIDITY 1]\r\n",
        b"EXAMINE": b"* 0 EXISTS\r\n* 0 RECENT\r\n* FLAGS ()\r\n* OK [UIDVALIDITY 1]\r\n",
        b"LIST": b'* LIST () "/" INBOX\r\n', b"SEARCH": b"* SEARCH\r\n", b"LOGOUT": b"* BYE\r\n",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._tag = b""
        """Of the command that is not whole yet."""

    def _line(self, line: bytes) -> bytes:
        tag, _, rest = line.partition(b" ")
        tag, self._tag = self._tag or tag, b""
        literal = _LITERAL.search(line)
        if literal is not None:
            self._tag, self._bulk = tag, int(literal[1])
            return b"" if literal[2] else b"+ go ahead\r\n"
        said = verb(rest)
        if said == b"AUTHENTICATE" and rest.count(b" ") == 1:
            self._tag = tag
            return b"+ \r\n"
        self.over = self.over or said == b"LOGOUT"
        self.wants_tls = said == b"STARTTLS" and not self.secure
        return self._UNTAGGED.get(said, b"") + tag + b" OK done\r\n"
