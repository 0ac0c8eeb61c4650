"""International host names as they are on the wire.

Not a check of names: whatever a program calls a host gets a spelling, so that look-alikes can be told apart.
"""

from __future__ import annotations

import unicodedata
from typing import Final

ACE_PREFIX: Final = "xn--"
"""RFC 5890, 2.3.2.1."""
MAX_LABEL: Final = 63
"""Octets of a label (RFC 1035, 2.3.4). Punycode takes the square of the length; no real label is longer."""


def to_ascii(name: str) -> str:
    r"""A name with its international labels in punycode (RFC 3492); one too long for DNS is escaped.

    >>> to_ascii("münchen.example"), to_ascii("ü" * 64)[:12]
    ('xn--mnchen-3ya.example', '\\xfc\\xfc\\xfc')
    """
    return name if name.isascii() else ".".join(map(_label_to_ascii, name.split(".")))


def _label_to_ascii(label: str) -> str:
    if label.isascii():
        return label
    if len(label) > MAX_LABEL:
        return label.encode("ascii", "backslashreplace").decode("ascii")
    normal = unicodedata.normalize("NFKC", label).lower()
    return ACE_PREFIX + normal.encode("punycode").decode("ascii")


def to_unicode(name: str) -> str:
    """A name as a person would write it; labels that are no punycode stay as they are.

    >>> to_unicode("xn--mnchen-3ya.example")
    'münchen.example'
    """
    return ".".join(map(_label_to_unicode, name.split(".")))


def _label_to_unicode(label: str) -> str:
    if not label.lower().startswith(ACE_PREFIX) or len(label) > MAX_LABEL:
        return label
    try:
        return label[len(ACE_PREFIX) :].encode("ascii").decode("punycode")
    except UnicodeError:  # an invalid label is shown as it was sent
        return label
