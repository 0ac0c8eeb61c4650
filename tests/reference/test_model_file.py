"""The shipped model is the one that the code names."""

from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.reference import model_file
from auditor.reference.model_file import SHIPPED_SHA256
from auditor.reference.model_file import model_path
from auditor.reference.model_file import sha256_of


def test_shipped():
    path = model_path()
    assert sha256_of(path) == SHIPPED_SHA256
    assert path.stat().st_size <= 2_000_000


def test_chosen(tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF....")
    assert model_path(other) == other


@pytest.mark.parametrize(
    ("content", "why"), [(b"PK\x03\x04", "is no GGUF"), (b"", "is no GGUF"), (None, "No such file")]
)
def test_unusable(tmp_path, content, why):
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=why):
        model_path(path)


def test_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(model_file, "_PLACES", (tmp_path / "gone.gguf",))
    with pytest.raises(UsageError, match="is missing"):
        model_path()


def test_changed(monkeypatch, tmp_path):
    (tmp_path / "changed.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(model_file, "_PLACES", (tmp_path / "changed.gguf",))
    with pytest.raises(UsageError, match="not the one that was shipped"):
        model_path()
