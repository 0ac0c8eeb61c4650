"""How fast are 500 HTTPS requests through the box, beside plain mitmdump?

Not a test of the client: it is the same program, `https_client.py`, for all.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import harness

from auditor.internet.ca import make_ca

QUESTION = "https: 500 requests through the box, beside plain mitmdump"
CLIENT = (sys.executable, str(Path(__file__).with_name("https_client.py")))
UPSTREAM = (sys.executable, str(Path(__file__).with_name("https_upstream.py")))
HOST = "api.example.com"
SCRIPT = """\
from mitmproxy import http
def request(flow):
    flow.response = http.Response.make(200, b'{"status":1}', {"Content-Type": "application/json"})
"""
START_S = 30.0
ROUNDS = 5

Seconds = dict[str, float]
"""`{"kept", "fresh"}`, see the client."""


def _in_box() -> Seconds:
    command = ("sh", "-c", f'sleep {SETTLED_S:g}; exec "$@"', "app", *CLIENT, HOST, "", "443")
    with harness.folder() as parent:
        harness.audit("record", *harness.UNTIL_ITS_END, out=parent / "run", command=command)
        said: Seconds = json.loads((parent / "run" / "app.log").read_text())
    return said


SETTLED_S = 2.0
"""Until the proxy in the box has surely been imported; mitmdump is waited for, too."""


def _through_mitmdump(*options: str) -> Seconds:
    """Ask a mitmdump that was started with these options; it has no upstream but for `--mode`."""
    with harness.folder() as folder:
        port = harness.free_port()
        (folder / "answer.py").write_text(SCRIPT)
        argv = [shutil.which("mitmdump", path=str(Path(sys.executable).parent)) or "mitmdump", "--quiet"]
        argv += ["--set", f"confdir={folder}", "--listen-host", "127.0.0.1", "--listen-port", str(port)]
        argv += ["--set", "connection_strategy=lazy", "--set", "upstream_cert=false", "--ssl-insecure"]
        argv += [option.format(folder=folder) for option in options]
        with _running(argv) as program:
            _await(port, program)
            time.sleep(SETTLED_S)
            authority = folder / "mitmproxy-ca-cert.pem"
            client = [*CLIENT, HOST, "127.0.0.1", str(port), str(authority)]
            done = subprocess.run(client, capture_output=True, text=True, check=True)
    said: Seconds = json.loads(done.stdout)
    return said


def _answered_by_script() -> Seconds:
    return _through_mitmdump("--mode", "reverse:https://127.0.0.1:9", "--scripts", "{folder}/answer.py")


def _answered_by_upstream() -> Seconds:
    with harness.folder() as folder:
        pem = folder / "upstream.pem"
        pem.write_bytes(_certificate())
        with _running([*UPSTREAM, str(pem)]) as upstream:
            port = int(upstream.stdout.readline())
            return _through_mitmdump("--mode", f"reverse:https://127.0.0.1:{port}")


def _certificate() -> bytes:
    from cryptography.hazmat.primitives import serialization

    authority = make_ca()
    key = authority.leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key + authority.issue("localhost").public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def _running(argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=harness.ENVIRONMENT
    ) as program:
        try:
            yield program
        finally:
            program.terminate()


def _await(port: int, program: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and program.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit("mitmdump does not listen")


def measure() -> harness.Figures:
    """Take the rounds."""
    sides = {
        "box": _in_box,
        "mitmdump, answered by a script": _answered_by_script,
        "mitmdump, answered by an upstream": _answered_by_upstream,
    }
    taken = harness.rounds(ROUNDS, sides)
    return [figure for way in WAYS for figure in _figures(taken, way)]


WAYS = {"kept": "one connection", "fresh": "500 connections"}


def _figures(taken: dict[str, list[Seconds]], way: str) -> Iterator[harness.Figure]:
    box, *rivals = ([each[way] for each in said] for said in taken.values())
    for name, said in taken.items():
        rate = 500 / statistics.median(each[way] for each in said)
        yield harness.Figure(name=f"{WAYS[way]}: {name}", value=rate, unit="/s")
    for name, rival in zip(list(taken)[1:], rivals, strict=True):
        yield harness.Figure(name=f"{WAYS[way]}: box / {name}", value=harness.ratio(rival, box), at_least=0.9)


if __name__ == "__main__":
    sys.exit(not harness.report(QUESTION, measure()))
