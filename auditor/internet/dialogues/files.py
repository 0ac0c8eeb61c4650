"""FTP: takes every upload (RFC 959, RFC 2428, RFC 4217).

Not a file server: the data connection is a connection like any other, and recorded as one.
"""

from __future__ import annotations

from typing import ClassVar

from auditor.internet.dialogues.contract import Lines
from auditor.internet.dialogues.contract import verb

DATA_PORT = 50021
_DONE = b"150 Ok to send data\r\n226 Transfer complete\r\n"


class Ftp(Lines):
    """The control connection."""

    protocol = "ftp"
    greeting = b"220 ready\r\n"
    _ANSWERS: ClassVar = {
        b"USER": b"331 Please specify the password\r\n", b"PASS": b"230 Login successful\r\n",
        b"SYST": b"215 UNIX Type: L8\r\n", b"PWD": b'257 "/"\r\n', b"MKD": b'257 "/" created\r\n',
        b"FEAT": b"211-Features:\r\n AUTH TLS\r\n EPSV\r\n UTF8\r\n SIZE\r\n211 End\r\n",
        b"EPSV": b"229 Entering Extended Passive Mode (|||%d|)\r\n" % DATA_PORT,
        b"PASV": b"502 Use EPSV\r\n", b"STOR": _DONE, b"APPE": _DONE, b"STOU": _DONE,
        b"RETR": b"550 No such file\r\n", b"SIZE": b"550 No such file\r\n", b"LIST": b"550 No files\r\n",
        b"NLST": b"550 No files\r\n", b"MLSD": b"550 No files\r\n", b"RNFR": b"350 Ready\r\n",
        b"CWD": b"250 Ok\r\n", b"DELE": b"250 Ok\r\n", b"RNTO": b"250 Ok\r\n", b"QUIT": b"221 Goodbye\r\n",
        b"AUTH": b"234 Proceed with negotiation\r\n",
    }  # fmt: skip

    def _line(self, line: bytes) -> bytes:
        said = verb(line)
        self.over = self.over or said == b"QUIT"
        self.wants_tls = said == b"AUTH" and not self.secure
        return self._ANSWERS.get(said, b"200 Ok\r\n")
