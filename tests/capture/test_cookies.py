from __future__ import annotations

import os

from auditor.capture.cookies import CookieTable
from auditor.capture.cookies import SocketUse


def test_what_is_entered_is_found_from_another_process():
    table = CookieTable()
    if os.fork() == 0:
        table.enter(4097, 123, 456, "reference", serves=True)
        os._exit(0)
    os.wait()
    assert table.get(4097) == SocketUse(process="123.456", role="reference", serves=True)


def test_serving_is_remembered_by_the_last_user():
    table = CookieTable()
    table.enter(1, 10, 1, "app", serves=True)
    table.enter(1, 11, 2, "app", serves=False)
    assert table.get(1) == SocketUse(process="11.2", role="app", serves=True)


def test_a_slot_is_taken_over_whole():
    table = CookieTable()
    table.enter(5, 10, 1, "control", serves=True)
    table.enter(5 + 65536, 11, 2**40, "app", serves=False)
    assert table.get(5) is None
    assert table.get(5 + 65536) == SocketUse(process=f"11.{2**40}", role="app", serves=False)
    assert table.get(0) is None
