"""Has the run's certificate authority made by a process of its own, while this one imports the rest.

Not the making: that is `auditor.internet.ca`, whose library takes most of a tenth of a second to import.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from typing import NoReturn

if TYPE_CHECKING:
    from auditor.internet.ca import CertificateAuthority

_END = b"-----END CERTIFICATE-----\n"


class Commission:
    """An authority in the making; its keys pass through a pipe and never touch a disk."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid = pid
        self._pipe = pipe
        self._made = b""

    @classmethod
    def give(cls) -> Commission:
        """Start the making; call it while this process has one thread."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            _make(writer)
        os.close(writer)
        return cls(pid, reader)

    @property
    def certificate_pem(self) -> bytes:
        """The root, for trust stores; waits until it is made.

        Raises:
            ChildProcessError: it could not be made.
        """
        if not self._made:
            with os.fdopen(self._pipe, "rb") as pipe:
                self._made = pipe.read()
            os.waitpid(self._pid, 0)
        if not self._made:
            raise ChildProcessError("the certificate authority could not be made")
        return self._made.partition(_END)[0] + _END

    def authority(self) -> CertificateAuthority:
        """The authority itself; imports what `certificate_pem` does without.

        Raises:
            ChildProcessError: it could not be made.
        """
        from auditor.internet.ca import CertificateAuthority  # noqa: PLC0415 - see the module's docstring

        certificate = self.certificate_pem
        return CertificateAuthority.from_pem(certificate, self._made[len(certificate) :])


def _make(pipe: int) -> NoReturn:
    status = 1
    try:
        from auditor.internet.ca import make_ca  # noqa: PLC0415 - see the module's docstring

        authority = make_ca()
        with os.fdopen(pipe, "wb") as stream:
            stream.write(authority.certificate_pem + authority.keys_pem())
        status = 0
    finally:
        os._exit(status)  # a forked child never returns into its parent's code
