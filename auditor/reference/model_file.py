"""Where the tiny model lies that the reference runs, and whether it is the one that was shipped.

Not its training: that is `fixtures/reference_model/`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditor.errors import UsageError

SHIPPED_SHA256 = "03e072ee942303e59d0b8b59684b7b0880e36ded9ec7eda0db140302e21bda52"
"""Of `fixtures/reference_model/reference.gguf`, which its README describes."""
_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (
    _PACKAGE / "data" / "reference.gguf",
    _PACKAGE.parent / "fixtures" / "reference_model" / "reference.gguf",
)
"""In an installed package, and in a checkout."""
GGUF_MAGIC = b"GGUF"


def model_path(chosen: Path | None = None) -> Path:
    """The model to run: the one the user chose, or the shipped one.

    Raises:
        UsageError: the chosen file is no GGUF, or the shipped one is missing or was changed.
    """
    if chosen is not None:
        return _checked(chosen)
    found = next((path for path in _PLACES if path.is_file()), None)
    if found is None:
        raise UsageError("The reference model is missing.", fix="Reinstall, or use --no-reference.")
    if sha256_of(found) != SHIPPED_SHA256:
        raise UsageError(
            f"The reference model {found} is not the one that was shipped.",
            fix=f"Reinstall, or name it with --reference-model {found} to run it all the same.",
        )
    return found


def sha256_of(path: Path) -> str:
    """Digest of a file, hex.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(chosen: Path) -> Path:
    try:
        with chosen.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise UsageError(
            f"The reference model {chosen} cannot be read: {error.strerror}.", fix="Name a GGUF file."
        ) from error
    if magic != GGUF_MAGIC:
        raise UsageError(f"The reference model {chosen} is no GGUF file.", fix="Name a GGUF file.")
    return chosen.resolve()
