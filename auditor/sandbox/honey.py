"""Honey: files and variables in the places that programs scan, each with a secret that opens nothing.

Not the search for the secrets: they become canaries, and `auditor.classify` looks for them. A real file or
variable of the user's is never replaced, hidden or changed; see ADR 12.
"""

from __future__ import annotations

import base64
import json
import secrets
import string
import struct
import zlib
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.sandbox.plan import HoneyFile
from auditor.sandbox.plan import HoneyVariable

_SIGNS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ENDED = "-----BEGIN OPENSSH PRIVATE KEY-----\n", "-----END OPENSSH PRIVATE KEY-----\n"
_LINE = 70
"""Signs in a line of an OpenSSH key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pot:
    """One honey file before it is known which of its places is free."""

    id: str
    places: tuple[str, ...]
    """Below the home directory; the first that nothing lies at is taken."""
    make: Callable[[str], tuple[str, str]]
    """From the user's name to (text, the secret in it)."""
    mode: int = 0o600


def _signs(number: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(number))


def github_token() -> str:
    """A personal access token with the checksum that scanners verify: CRC-32 of the rest, in base 62."""
    body = _signs(30)
    number, digits = zlib.crc32(body.encode()), ""
    while number or len(digits) < 6:
        number, digit = divmod(number, 62)
        digits = _SIGNS[digit] + digits
    return f"ghp_{body}{digits}"


def ssh_key(user: str) -> tuple[str, str]:
    """An unencrypted Ed25519 key in OpenSSH's format (PROTOCOL.key), and one line of its secret half."""

    def field(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    public = secrets.token_bytes(32)
    half = field(b"ssh-ed25519") + field(public)
    check = secrets.token_bytes(4)
    private = check * 2 + half + field(secrets.token_bytes(32) + public) + field(f"{user}@laptop".encode())
    private += bytes(range(1, 1 + -len(private) % 8))
    blob = b"openssh-key-v1\0" + field(b"none") * 2 + field(b"") + struct.pack(">I", 1)
    text = base64.b64encode(blob + field(half) + field(private)).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    secret = lines[3]  # it holds all of the secret; what follows is the end of the public half
    return _ENDED[0] + "\n".join(lines) + "\n" + _ENDED[1], secret


def _notes(_user: str) -> tuple[str, str]:
    secret = f"{_signs(5)}-{_signs(5)}-{_signs(5)}"
    text = (
        "Things to remember\n\n"
        f"The alarm of the summer house takes the code {secret}; Nora has it too.\n"
        "The insurance wants the photos of the roof by the end of May.\n"
    )
    return text, secret


def _aws(_user: str) -> tuple[str, str]:
    name = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
    secret = _signs(40)
    return f"[backup]\naws_access_key_id = {name}\naws_secret_access_key = {secret}\n", secret


def _rclone(user: str) -> tuple[str, str]:
    secret = _signs(32)
    return f"[nas]\ntype = webdav\nurl = https://nas.home.arpa/dav\nuser = {user}\npass = {secret}\n", secret


def _bookmarks(_user: str) -> tuple[str, str]:
    secret = _signs(24)
    link = {
        "date_added": "13380000000000000", "guid": "5f6c1c0e-8d1b-4a53-9c0f-2f6f3e0d7a11", "id": "4",
        "name": "Family photos", "type": "url", "url": f"https://photos.home.arpa/share/{secret}",
    }  # fmt: skip
    bar = {"children": [link], "id": "1", "name": "Bookmarks bar", "type": "folder"}
    return json.dumps({"roots": {"bookmark_bar": bar}, "version": 1}, indent=3), secret


def _git_login(user: str) -> tuple[str, str]:
    secret = github_token()
    return f"https://{user}:{secret}@github.com\n", secret


def _git_settings(user: str) -> tuple[str, str]:
    secret = f"{user}.{_signs(8).lower()}@mail.home.arpa"
    return f"[user]\n\tname = {user.capitalize()}\n\temail = {secret}\n", secret


POTS: tuple[Pot, ...] = (
    Pot(id="file-documents", places=("Documents/remember.txt", "Documents/notes-house.txt"), make=_notes,
        mode=0o644),
    Pot(id="file-ssh", places=(".ssh/id_ed25519", ".ssh/id_backup"), make=ssh_key),
    Pot(id="file-aws", places=(".aws/credentials", ".aws/credentials.bak"), make=_aws),
    Pot(id="file-config", places=(".config/rclone/rclone.conf", ".config/rclone/rclone.conf.old"),
        make=_rclone),
    Pot(id="file-browser", places=(".config/google-chrome/Default/Bookmarks",
                                   ".config/google-chrome/Profile 9/Bookmarks"), make=_bookmarks),
    Pot(id="file-git-login", places=(".git-credentials", ".git-credentials.old"), make=_git_login),
    Pot(id="file-git-settings", places=(".config/git/config",), make=_git_settings, mode=0o644),
)  # fmt: skip

_VARIABLES: tuple[tuple[str, Callable[[], str]], ...] = (
    ("BACKUP_API_TOKEN", lambda: f"bkp_live_{_signs(32)}"),
    ("NAS_PASSWORD", lambda: _signs(20)),
)
"""Names that no program looks for: it would behave otherwise with a key to a service."""


def files(home: str, user: str, free: Callable[[str], bool]) -> tuple[HoneyFile, ...]:
    """Every honey file that has a place.

    Args:
        home: Real path of the home directory.
        user: The honey user's name.
        free: Whether a file can be laid at a path without touching anything of the user's.
    """
    found = ((pot, next((place for place in pot.places if free(f"{home}/{place}")), "")) for pot in POTS)
    return tuple(_filled(pot, home, place, user) for pot, place in found if place)


def _filled(pot: Pot, home: str, place: str, user: str) -> HoneyFile:
    text, secret = pot.make(user)
    return HoneyFile(
        id=pot.id, path=f"{home}/{place}", place=f"~/{place}", text=text, secret=secret, mode=pot.mode
    )


def variables(environ: Mapping[str, str]) -> tuple[HoneyVariable, ...]:
    """Every honey variable that the user has not set."""
    return tuple(
        HoneyVariable(id=f"env-{name.lower().replace('_', '-')}", name=name, value=make())
        for name, make in _VARIABLES
        if name not in environ
    )
