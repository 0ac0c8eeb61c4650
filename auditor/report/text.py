"""Text for readers: strings of the audited app made harmless to look at, and numbers with units.

Not HTML escaping, which Jinja does, and not redaction, which happens where evidence is quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.parse.host_name import to_ascii
from auditor.parse.host_name import to_unicode

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MARKED = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


def visible(text: str, *, limit: int = 600, lines: bool = False) -> str:
    r"""`text` without anything that could move the cursor, reorder or hide what stands around it.

    Control and format characters (bidirectional overrides, zero-width characters), surrogates, private and
    unassigned code points become U+FFFD; every kind of white space becomes a space, except line feeds when
    `lines` is set. Longer text is cut at `limit` characters and says so.

    >>> visible("a\x1b[31mb\u202ec")
    'a�[31mb�c'
    """
    cut = len(text) - limit
    text = text[:limit]
    if lines:
        text = "\n".join(_one_line(line) for line in text.splitlines())
    elif not text.isprintable():
        text = _one_line(text)
    return f"{text}… ({cut:,} more characters)" if cut > 0 else text


def _one_line(text: str) -> str:
    # str.isprintable() is false exactly for the categories Other and Separator, ASCII space excepted.
    return "".join(char if char.isprintable() else " " if char.isspace() else REPLACEMENT for char in text)


def encodable(text: str, *, limit: int) -> str:
    """`text` cut at `limit` characters, with lone surrogates (from undecodable bytes) escaped.

    Unlike `visible` this keeps every character: it is for documents that programs read.
    """
    text = text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class HostName:
    """A host name in both spellings."""

    ascii: str
    """As it is on the wire; international labels are in punycode (RFC 3492)."""
    unicode: str
    """As a person would write it; empty when that is the same."""


def host_name(name: str) -> HostName:
    """Both spellings of a name, so that look-alike letters cannot deceive.

    >>> host_name("xn--mnchen-3ya.example").unicode
    'münchen.example'
    """
    wire, human = to_ascii(name), to_unicode(name)
    return HostName(visible(wire), visible(human) if human != wire else "")


def endpoint(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets, no colon where the transport has no port.

    >>> endpoint("fd77::1", 443)
    '[fd77::1]:443'
    """
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def marked(excerpt: str) -> tuple[tuple[str, bool], ...]:
    """An excerpt in pieces; the pieces that were between `[[` and `]]` are flagged.

    >>> marked("say [[kestrel]] now")
    (('say ', False), ('kestrel', True), (' now', False))
    """
    # re.split with one group alternates: text, group, text, group, ...
    pieces = _MARKED.split(excerpt)
    return tuple((piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece)


def size(count: int) -> str:
    """Bytes for people, in decimal units.

    >>> size(1), size(999), size(1234)
    ('1 byte', '999 bytes', '1.2 kB')
    """
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def seconds(value: float) -> str:
    """A moment or a duration with one decimal.

    >>> seconds(3.14159)
    '3.1 s'
    """
    return f"{value:.1f} s"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "contact"), plural(2, "look-up"), plural(0, "reply", "replies")
    ('1 contact', '2 look-ups', '0 replies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listing(items: Sequence[str], *, most: int = 3) -> str:
    """Items joined for a sentence, the tail counted.

    >>> listing(["a", "b"]), listing(["a", "b", "c", "d"], most=2)
    ('a and b', 'a, b and 2 more')
    """
    shown = list(items[:most])
    if len(items) > most:
        shown.append(f"{len(items) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def tilde(path: str, home: str) -> str:
    """A path with the home directory shortened, which also keeps the user's name out of shared reports.

    >>> tilde("/home/ann/.cache/x", "/home/ann")
    '~/.cache/x'
    """
    home = home.rstrip("/")
    if home and (path == home or path.startswith(home + "/")):
        return "~" + path[len(home) :]
    return path
