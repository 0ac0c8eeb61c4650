"""No program is a dud: what each sends is decoded here, by other means, and holds what it was to tell."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import hashlib
import html
import io
import json
import lzma
import pickle
import quopri
import re
import sqlite3
import tarfile
import unicodedata
import urllib.parse
import zipfile
import zlib
from email import message_from_bytes

import brotli
import encoders
import leak_catalogue as catalogue
import msgspec
import pytest
import zstandard
from app import pieces
from cryptography import x509
from cuts import CUTS
from row import Group
from row import Row

PROMPT = "My project is called velka-zofin-4821. What is my project called?"
MARKER = b"velka-zofin-4821"
DIGESTS = {
    "md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "sha3-256": 64, "blake2b": 128,
    "blake2s": 64, "sha256-16": 16, "sha1-16": 16,
}  # fmt: skip
LOST = {
    "aes", "aes-sized", "length", "crc32", "sha256-twice", "paraphrase", "token-ids", "embedding", "low-bits",
    "aes-key-sent", "secret-salt", "morse", "alike",
}  # fmt: skip
"""What nobody can undo who was not told how."""
OTHER = "Please write a letter about tovin-belka-1234 to Nora Barnacle."


def number(alphabet):
    def read(data):
        value = sum(
            alphabet.index(sign) * len(alphabet) ** place for place, sign in enumerate(reversed(data))
        )
        return value.to_bytes((value.bit_length() + 7) // 8)

    return read


def b32(alphabet):
    standard = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return lambda data: base64.b32decode(padded(data.translate(bytes.maketrans(alphabet, standard)), 8))


def padded(data, group=4):
    return data + b"=" * (-len(data) % group)


def z85(data):
    values = [sum(encoders.Z85.index(sign) * 85 ** (4 - n) for n, sign in enumerate(data[at : at + 5]))
              for at in range(0, len(data), 5)]  # fmt: skip
    return b"".join(value.to_bytes(4) for value in values).rstrip(b"\0")


def member(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"\n".join(name.encode() + archive.read(name) for name in archive.namelist())


def tarred(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.extractfile("log/chat.txt").read()


def rows(data):
    database = sqlite3.connect(":memory:")
    database.deserialize(data)
    return database.execute("select text from messages").fetchone()[0].encode()


def deep(value):
    """All strings and bytes inside something decoded."""
    if isinstance(value, dict):
        return b"\n".join(deep(each) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple):
        return b"\n".join(map(deep, value))
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def chunk(kind):
    def read(data):
        at = data.index(kind)
        return data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at])]

    return read


def attachment(data):
    return message_from_bytes(data).get_payload()[1].get_payload(decode=True)


def name_of(data):
    return (
        x509.load_pem_x509_certificate(data)
        .subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0]
        .value.encode()
    )


def key_sent(data):
    said = json.loads(data)
    key = bytes.fromhex(said["k"])
    return bytes(byte ^ key[at % len(key)] for at, byte in enumerate(bytes.fromhex(said["d"])))


def after(sign, head):
    """What follows a sign and a head of one or more bytes, which tells its length."""

    def read(data):
        at = data.index(sign) + len(sign)
        size, front = head(data[at:])
        return data[at + front : at + front + size]

    return read


def varint(data):
    return (data[0], 1) if data[0] < 128 else (data[0] & 127 | data[1] << 7, 2)


def cbor_head(data):
    low = data[0] & 31
    return (low, 1) if low < 24 else (data[1], 2) if low == 24 else (int.from_bytes(data[1:3]), 3)


def recoded(codec):
    return lambda data: data.decode(codec).encode()


def as_is(data):
    """Formats in which the text lies as it was."""
    return data


def numbers(base, pattern):
    return lambda data: bytes(int(each, base) for each in re.findall(pattern, data.decode()))


def caesar(by):
    return encoders.rotate(26 - by)


INVERSES = {
    **dict.fromkeys(("base64", "base64url", "base64-lines"), lambda data: base64.b64decode(
        padded(data.replace(b"\n", b"").replace(b"-", b"+").replace(b"_", b"/")))),
    "base64-reversed": lambda data: base64.b64decode(data[::-1]),
    **dict.fromkeys(("base32", "base32-lower"), lambda data: base64.b32decode(padded(data.rstrip(b"="), 8), casefold=True)),
    "base32hex": base64.b32hexdecode,
    "crockford": b32(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
    **dict.fromkeys(("hex", "hex-upper", "hex-spaced"), lambda data: bytes.fromhex(data.decode())),
    "hex-c": numbers(16, r"0x(..)"), "hex-x": numbers(16, r"\\x(..)"), "octal": numbers(8, r"\\(\d{3})"),
    "decimal": numbers(10, r"\d+"), "binary": numbers(2, r"[01]{8}"),
    "base85": base64.b85decode, "ascii85": lambda data: base64.a85decode(data, adobe=True), "z85": z85,
    "base58": number(encoders.BITCOIN), "base36": number(encoders.BASE36), "base62": number(encoders.BASE62),
    "uu": lambda data: b"".join(binascii.a2b_uu(line) for line in data.splitlines()[1:-2]),
    **dict.fromkeys(("quoted-printable", "quoted-printable-lines"), quopri.decodestring),
    **dict.fromkeys(("url", "url-all"), urllib.parse.unquote_to_bytes),
    "url-double": lambda data: urllib.parse.unquote_to_bytes(urllib.parse.unquote_to_bytes(data)),
    **dict.fromkeys(("html-decimal", "html-hex"), lambda data: html.unescape(data.decode()).encode()),
    "js-escapes": lambda data: json.loads(b'"' + data + b'"').encode(),
    "utf-16": recoded("utf-16"), "utf-16le": recoded("utf-16-le"), "utf-16be": recoded("utf-16-be"),
    "utf-32le": recoded("utf-32-le"), "utf-32be": recoded("utf-32-be"), "utf-7": recoded("utf-7"), "ebcdic": recoded("cp500"),
    "gzip": gzip.decompress, "zlib": zlib.decompress, "deflate": lambda data: zlib.decompress(data, -15),
    "brotli": brotli.decompress, "bz2": bz2.decompress, "xz": lzma.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    "rot13": caesar(13), "rot5": caesar(5), "rot47": encoders.rot47, "atbash": encoders.ENCODERS["atbash"],
    "reversed": lambda data: data[::-1], "upper": bytes.lower, "swapcase": bytes.swapcase,
    "xor-5a": lambda data: bytes(byte ^ 0x5A for byte in data), "xor-ff": lambda data: bytes(255 - byte for byte in data),
    "xor-01": lambda data: bytes(byte ^ 1 for byte in data), "xor-key": encoders.xor(encoders.KEY),
    "xor-key-sent": key_sent,
    "nibbles-swapped": lambda data: bytes.fromhex("".join(pair[::-1] for pair in re.findall("..", data.hex()))),
    "plus-one": lambda data: bytes(byte - 1 & 255 for byte in data),
    "zigzag": lambda data: bytes(data[at // 2 + (len(data) + 1) // 2 * (at % 2)] for at in range(len(data))),
    "noisy": lambda data: data[::2], "zero-width": lambda data: data.replace("\u200b".encode(), b""),
    "full-width": lambda data: unicodedata.normalize("NFKC", data.decode()).encode(),
    "no-hyphens": lambda data: re.sub(rb"velkazofin4821", MARKER, data), "underscores": lambda data: data.replace(b"_", b"-"),
    "padded": lambda data: data[2:],
    "json": lambda data: deep(json.loads(data)["events"][1]["props"]["content"]), "json-numbers": lambda data: bytes(json.loads(data)["data"]),
    "json-string": lambda data: deep(json.loads(json.loads(data)["payload"])["text"]),
    "jwt": lambda data: deep(json.loads(base64.urlsafe_b64decode(padded(data.split(b".")[1])))),
    "word-list": lambda data: "-".join(json.loads(data)["words"]).encode(),
    "ndjson": lambda data: deep(json.loads(data.splitlines()[1])), "graphql": lambda data: deep(json.loads(data)),
    "data-url": lambda data: base64.b64decode(data.partition(b",")[2]),
    "form": lambda data: urllib.parse.parse_qsl(data)[1][1],
    "msgpack": lambda data: deep(msgspec.msgpack.decode(data)["events"][1]["content"]),
    **dict.fromkeys(("protobuf", "protobuf-nested", "grpc"), after(b"chat.prompt\x1a", varint)),
    "cbor": after(b"\x82\x19\x01\xf4", cbor_head), "pickle": lambda data: deep(pickle.loads(data)),
    "cbor-chunks": lambda data: re.sub(rb"[\x61-\x65](.{1,5})", rb"\1", data[4:-1], flags=re.DOTALL),
    **dict.fromkeys(("zip", "zip-stored", "zip-name", "docx"), member), "tar": tarred,
    "tar-gz": lambda data: tarred(gzip.decompress(data)), "sqlite": rows,
    "png-text": lambda data: zlib.decompress(chunk(b"zTXt")(data)[9:]),
    "png-pixels": lambda data: zlib.decompress(chunk(b"IDAT")(data))[1:],
    "pdf": lambda data: zlib.decompress(data.partition(b"stream\n")[2]), "eml": attachment,
    "certificate": name_of, "bencode": lambda data: data.partition(b"4:text")[2].partition(b":")[2][:-1],
    "har": lambda data: base64.b64decode(json.loads(data)["log"]["entries"][0]["request"]["postData"]["text"]),
    **dict.fromkeys(("sentry", "posthog"), gzip.decompress),
    "page-view": lambda data: deep(json.loads(json.loads(data)["p"])),
    **dict.fromkeys(("csv", "xml", "bson", "wav", "otlp",
                     "crewai", "langsmith"), as_is),
}  # fmt: skip
DIGESTING = {name for name in encoders.ENCODERS if re.match("md5|sha|blake|hmac|salted", name)} - LOST


def test_every_encoder_is_held_to_something():
    assert INVERSES.keys() | DIGESTING | LOST == encoders.ENCODERS.keys()


@pytest.mark.parametrize("name", sorted(INVERSES))
def test_an_encoding_can_be_undone(name):
    assert INVERSES[name](encoders.ENCODERS[name](PROMPT.encode())).count(MARKER) >= 1


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_digests_are_those_of_the_standard_library(name):
    function = name.removesuffix("-16").replace("sha3-", "sha3_")
    wanted = hashlib.new(function, PROMPT.encode()).hexdigest()[: DIGESTS[name]]
    assert encoders.ENCODERS[name](PROMPT.encode()).decode() == wanted


@pytest.mark.parametrize("name", ["hmac-sha256", "hmac-md5", "salted"])
def test_keys_are_sent_along(name):
    assert encoders.KEY in encoders.ENCODERS[name](PROMPT.encode())


@pytest.mark.parametrize("name", sorted(CUTS))
def test_a_cut_loses_nothing(name):
    cut = CUTS[name](MARKER)
    assert len(cut) > 1 or len(MARKER) < 40 == len(CUTS[name](bytes(80))[0])
    assert all(
        len(piece) < len(MARKER) or name == "forties" or name.startswith(("numbered", "framed"))
        for piece in cut
    )
    found = [json.loads(piece) for piece in cut] if name.startswith(("numbered", "framed")) else []
    texts = [(each.get("i", each.get("seq")), each.get("p", each.get("k"))) for each in found]
    joined = (
        "".join(text for _, text in sorted(texts)) or b"".join(cut[:: -1 if "back" in name else 1]).decode()
    )
    assert joined in (MARKER.decode(), MARKER.decode().replace("-", ""))


def undone(row):
    """What is left of everything that a program sends when all of it is undone."""
    sent = pieces(row, PROMPT)
    for name in reversed(row.each):
        sent = [INVERSES[name](piece) for piece in sent]
    if row.cut.startswith(("numbered", "framed")):
        found = [json.loads(piece) for piece in sent]
        texts = sorted((each.get("i", each.get("seq")), each.get("p", each.get("k"))) for each in found)
        sent = [text.encode("latin-1") for _, text in texts]
    data = (b"-" if row.cut == "words" else b"").join(sent[:: -1 if "back" in row.cut else 1])
    for name in reversed(row.encoding):
        if name in DIGESTING | LOST:
            return b""
        data = INVERSES[name](data)
    return data


TYPED = [row for row in catalogue.ROWS.values() if row.group is not Group.NEGATIVE
         and row.source in ("prompt", "marker", "around", "answer")]  # fmt: skip


@pytest.mark.parametrize("row", TYPED, ids=lambda row: row.name)
def test_a_program_that_tells_the_prompt_really_does(row: Row):
    told = undone(row)
    readable = not {*row.encoding, *row.each} & (DIGESTING | LOST)
    assert (MARKER in told.lower()) == readable
    assert pieces(row, PROMPT) != pieces(row, OTHER)
