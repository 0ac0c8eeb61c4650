from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.record.controls.reports import NOWHERE
from auditor.record.controls.reports import ends_of
from auditor.record.controls.reports import read_report
from auditor.record.controls.reports import report

ENDS = ("192.168.77.23", 40000, "2001:db8::1", 443)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_report_can_be_read_whatever_its_detail(detail):
    channel, outcome, ends, read = read_report(report("dns-tcp", "failed", detail, ENDS))
    assert (channel, outcome, ends) == ("dns-tcp", "failed", ENDS)
    assert read == " ".join(detail.split())


@given(st.binary())
def test_anything_else_is_an_error_of_value(data):
    try:
        read_report(data)
    except ValueError:
        return
    assert data.count(b"\t") == 6


def test_both_ends_of_a_socket():
    task = {"own4": "192.168.77.23", "own6": "fd77::23"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as made:
            assert ends_of(made, task) == ("127.0.0.1", made.getsockname()[1], "127.0.0.1", port)


@pytest.mark.parametrize(
    ("family", "own"), [(socket.AF_INET, "192.168.77.23"), (socket.AF_INET6, "fd77::23")]
)
def test_a_socket_that_may_send_anywhere_has_the_boxs_address(family, own):
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        try:
            made.bind(("", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        ends = ends_of(made, {"own4": "192.168.77.23", "own6": "fd77::23"})
        assert ends == (own, made.getsockname()[1], "", 0)


def test_no_socket_and_a_unix_socket_have_no_ends():
    assert ends_of(None, {}) == NOWHERE
    with socket.socket(socket.AF_UNIX) as made:
        assert ends_of(made, {}) == NOWHERE
