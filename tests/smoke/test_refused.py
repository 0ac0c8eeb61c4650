"""Real clients that refuse the run's authority, or accept it and stay silent: unread, and everything told."""

from __future__ import annotations

import html
import re
import shutil
import sys

import pytest

from auditor.internet.ca import make_ca

pytestmark = pytest.mark.box

PYTHON = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1] if sys.argv[1:] else None)
context.set_alpn_protocols(["h2", "http/1.1"])
try:
    with socket.create_connection(("pinned.example", 443)) as plain:
        context.wrap_socket(plain, server_hostname="pinned.example").close()
except ssl.SSLError as error:
    print(error)
"""
NODE = """
const https = require("https"), fs = require("fs");
https.get("https://pinned.example/", {ca: fs.readFileSync(process.argv[1])}).on("error", error => console.log(error.code));
"""
CLIENTS = {
    "curl": (("curl", "-s", "--capath", "/nonexistent", "--cacert", "{ca}", "https://pinned.example/"), "CURL_CA_BUNDLE"),
    "python": ((sys.executable, "-c", PYTHON, "{ca}"), "SSL_CERT_FILE"),
    "node": (("node", "-e", NODE, "{ca}"), "NODE_EXTRA_CA_CERTS"),
}  # fmt: skip


def record(audit, *command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    options = ("--driver", "none", "--idle", 0.2, "--settle", 2, "--no-reference")
    return audit("run", "--out", "{run}", *options, "--", *command)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_refusal_names_everything_that_is_known(audit, tmp_path, name):
    (tmp_path / "other.pem").write_bytes(make_ca().certificate_pem)
    command, store = CLIENTS[name]
    ended = record(audit, *(word.replace("{ca}", str(tmp_path / "other.pem")) for word in command))
    [flow] = [flow for flow in ended.result["flows"] if flow["destination"]["port"] == 443]
    assert (flow["visibility"], flow["sni"]) == ("opaque", "pinned.example")
    assert re.fullmatch(r"t1[23]d\w{6}_\w{12}_\w{12}", flow["ja4"])
    assert flow["alpn"] or name == "node"
    assert flow["alert"]
    assert store in flow["trust_store"]
    assert store in flow["note"]
    assert flow["bytes_out"] > 100
    assert name in flow["process"]["executable"]
    assert any("pinned.example could not be read" in gap for gap in ended.result["coverage"]["gaps"])
    [row] = [row for row in ended.result["coverage"]["ledger"]["rows"] if row["kind"] == "opaque"]
    assert (row["items"], row["frames"] > 0) == (1, True)
    page = html.unescape((ended.run / "report.html").read_text())
    for told in (
        "Contacts that could not be read",
        f"SNI {flow['sni']}",
        f"JA4 {flow['ja4']}",
        flow["alert"],
        store,
    ):
        assert told in page
    assert "1 flow unreadable" in ended.reasons


def test_a_handshake_that_stays_silent_is_told(audit):
    ended = record(audit, sys.executable, "-c", PYTHON)
    [flow] = [flow for flow in ended.result["flows"] if flow["destination"]["port"] == 443]
    assert (flow["visibility"], flow["alpn"], flow["alert"]) == ("opaque", ["h2", "http/1.1"], "")
    assert "accepted our certificate, then sent nothing" in flow["note"]
