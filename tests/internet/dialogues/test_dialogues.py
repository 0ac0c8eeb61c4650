"""Real clients of old protocols against the world, which plays their servers, and broken ones."""

from __future__ import annotations

import ftplib
import imaplib
import poplib
import smtplib
import socket
import ssl
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.internet import dialogues
from auditor.internet.dialogues.contract import MAX_LINE
from auditor.internet.gateway_sockets import Endpoint

SECRET = "the quarterly secret"


@pytest.fixture
def server(world):
    """`server(port)`: the world, as if every connection went to that port."""

    def at(port):
        world.destination = Endpoint("198.18.0.16", port)
        return world

    return at


@pytest.fixture
def dialled(world, monkeypatch):
    """Whatever a library dials, it reaches the world."""
    connect = socket.create_connection

    def create_connection(_address, timeout=20, *_rest, **_options):
        return connect(("127.0.0.1", world.port), timeout if isinstance(timeout, float | int) else 20)

    monkeypatch.setattr(socket, "create_connection", create_connection)


def sent(seen, world, direction="out"):
    return b"".join(world.body(each.body) for each in seen["stream.data"] if each.direction == direction)


def protocol(seen):
    return [each.protocol for each in seen["flow.closed"]]


def test_mail_with_starttls_and_a_login(server, dialled):
    world = server(587)
    with smtplib.SMTP("mail.example", 587) as client:
        client.starttls(context=world.client_context())
        client.login("user@example.com", "hunter2")
        client.sendmail("a@example.com", ["b@example.com"], f"Subject: x\r\n\r\n{SECRET}\r\n.\r\n..dots\r\n")
    seen = world.stop()
    assert protocol(seen) == ["smtp"]
    assert seen["tls.hello"][0].sni == "mail.example"
    assert len(seen["tls.established"]) == 1
    said = sent(seen, world)
    assert SECRET.encode() in said
    assert b"rcpt to:<b@example.com>" in said.lower()
    assert said.startswith(b"ehlo ")


def test_mail_in_plain_text(server, dialled):
    world = server(25)
    with smtplib.SMTP("mail.example", 25) as client:
        client.sendmail("a@example.com", ["b@example.com"], SECRET)
    seen = world.stop()
    assert SECRET.encode() in sent(seen, world)
    assert sent(seen, world, "in").startswith(b"220 ")


def test_mail_over_tls(server, dialled):
    world = server(465)
    with smtplib.SMTP_SSL("mail.example", 465, context=world.client_context()) as client:
        client.sendmail("a@example.com", ["b@example.com"], SECRET)
    seen = world.stop()
    assert SECRET.encode() in sent(seen, world)
    assert protocol(seen) == ["smtp"]


def test_a_refused_certificate_after_starttls(server, dialled):
    world = server(587)
    client = smtplib.SMTP("mail.example", 587)
    with pytest.raises(ssl.SSLError):
        client.starttls(context=world.client_context(trusted=False))
    client.close()
    seen = world.stop()
    assert seen["tls.failed"][0].reason == "unknown ca"
    assert protocol(seen) == ["tls"]


def test_openssl_upgrades(server):
    world = server(143)
    command = [
        "openssl",
        "s_client",
        "-starttls",
        "imap",
        "-connect",
        f"127.0.0.1:{world.port}",
        "-servername",
    ]
    done = subprocess.run(
        [*command, "imap.example", "-ign_eof"],
        input=b"a LOGOUT\r\n",
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert b"* BYE\r\na OK done" in done.stdout
    seen = world.stop()
    assert seen["tls.hello"][0].sni == "imap.example"


def test_a_mailbox(server, dialled):
    world = server(143)
    client = imaplib.IMAP4("imap.example", 143)
    client.starttls(ssl_context=world.client_context())
    client.login("user", "hunter2")
    assert client.select() == ("OK", [b"0"])
    assert client.append("INBOX", None, None, SECRET.encode())[0] == "OK"
    client.logout()
    seen = world.stop()
    assert protocol(seen) == ["imap"]
    assert SECRET.encode() in sent(seen, world)


def test_an_older_mailbox(server, dialled):
    world = server(995)
    client = poplib.POP3_SSL("pop.example", 995, context=world.client_context())
    client.user("user")
    client.pass_("hunter2")
    assert (client.stat(), client.list()[1]) == ((0, 0), [])
    client.quit()
    seen = world.stop()
    assert (protocol(seen), b"PASS hunter2" in sent(seen, world)) == (["pop3"], True)


def test_an_upload(server, dialled, tmp_path):
    world = server(21)
    (tmp_path / "x").write_text(SECRET)
    client = ftplib.FTP("ftp.example", "user", "hunter2")
    client.af = socket.AF_INET6  # asks for EPSV
    opened = ["control", "data"]
    client.ntransfercmd = lambda *_: (server(50021) and world.connect(), None)
    with (tmp_path / "x").open("rb") as file:
        data, _ = client.ntransfercmd("STOR")
        client.sendcmd("EPSV")
        client.putcmd("STOR x")
        assert client.getresp().startswith("150")
        data.sendall(file.read())
        data.close()
        assert client.voidresp().startswith("226")
    client.quit()
    seen = world.stop()
    assert len(seen["flow.opened"]) == len(opened)
    assert {SECRET.encode() in sent(seen, world), b"STOR x" in sent(seen, world)} == {True}


def talk(world, *steps):
    """Send and expect, in turns."""
    with world.connect() as client:
        for data, expected in steps:
            client.sendall(data)
            got = b""
            while expected not in got and (piece := client.recv(4096)):
                got += piece
            assert expected in got
    return world.stop()


def test_irc(world):
    seen = talk(
        world,
        (b"NICK bob\r\nUSER b 0 * :Bob\r\n", b" 001 bob "),
        (b"JOIN #room\r\nPING :1\r\n", b"PONG"),
        (b"PRIVMSG #room :" + SECRET.encode() + b"\r\nQUIT\r\n", b"ERROR"),
    )
    assert protocol(seen) == ["irc"]
    assert SECRET.encode() in sent(seen, world)


def test_redis(world):
    command = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20\r\n" + SECRET.encode() + b"\r\n"
    seen = talk(world, (b"*1\r\n$4\r\nPING\r\n" + command[:9], b"+PONG"), (command[9:], b"+OK"))
    assert (protocol(seen), SECRET.encode() in sent(seen, world)) == (["redis"], True)


def test_mqtt(world):
    def packet(kind, body):
        return bytes([kind, len(body)]) + body

    connect = packet(0x10, b"\0\4MQTT\4\2\0\x3c\0\1c")
    publish = packet(0x32, b"\0\1t\0\7" + SECRET.encode())
    steps = (connect, b"\x20\x02\0\0"), (publish, b"\x40\x02\0\7"), (packet(0xC0, b""), b"\xd0\0")
    seen = talk(world, *steps)
    assert (protocol(seen), SECRET.encode() in sent(seen, world)) == (["mqtt"], True)


def test_postgres_over_tls(world):
    with world.connect() as client:
        client.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert client.recv(1) == b"S"
        with world.client_context().wrap_socket(client, server_hostname="db.example") as secure:
            startup = b"\0\3\0\0user\0bob\0\0"
            secure.sendall(struct.pack("!I", len(startup) + 4) + startup)
            assert secure.recv(4096).endswith(b"Z\0\0\0\x05I")
            query = f"INSERT {SECRET}\0".encode()
            secure.sendall(b"Q" + struct.pack("!I", len(query) + 4) + query)
            assert secure.recv(4096) == b"I\0\0\0\x04Z\0\0\0\x05I"
            secure.sendall(b"X\0\0\0\x04")
            assert secure.recv(10) == b""
    seen = world.stop()
    assert (protocol(seen), SECRET.encode() in sent(seen, world)) == (["postgres"], True)


def test_mysql(server):
    world = server(3306)
    with world.connect() as client:
        greeting = client.recv(4096)
        assert (int.from_bytes(greeting[:3], "little"), greeting[4]) == (len(greeting) - 4, 10)
        client.sendall(b"\x05\0\0\1login")
        assert client.recv(100) == b"\x07\0\0\2\0\0\0\2\0\0\0"
        query = b"\3INSERT " + SECRET.encode()
        client.sendall(len(query).to_bytes(3, "little") + b"\0" + query)
        assert client.recv(100)[3] == 1
    seen = world.stop()
    assert (protocol(seen), SECRET.encode() in sent(seen, world)) == (["mysql"], True)


def test_http_where_servers_speak_first(server):
    world = server(25)
    with world.connect() as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert world.stop()["http.request"][0].url == "http://a.example/x"


@pytest.mark.parametrize(
    "made", [*dialogues.SERVER_FIRST.values(), *(kind for _, kind in dialogues.CLIENT_FIRST)]
)
@given(pieces=st.lists(st.binary(max_size=60) | st.sampled_from([
    b"EHLO x\r\n", b"AUTH LOGIN\r\n", b"LINE\r\n", b"BUFFER\r\n", b"a LOGIN {3}\r\n", b"\0\0\0\0", b"STLS\r\n", b"*9\r\n$\r\n",
]), max_size=6))  # fmt: skip
def test_nothing_breaks_a_dialogue(made, pieces):
    dialogue = made()
    for piece in pieces:
        assert isinstance(dialogue.receive(piece), bytes)
    dialogue.secured()


def test_a_line_without_an_end_is_not_held():
    dialogue = dialogues.for_port(25)
    dialogue.receive(b"x" * (MAX_LINE + 1))
    assert dialogue.receive(b"NOOP\r\n") == b"250 2.0.0 Ok\r\n"
