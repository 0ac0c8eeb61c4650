from __future__ import annotations

from auditor.model.process import NOBODY
from auditor.model.process import process_key


def test_a_recycled_pid_is_another_process():
    assert process_key(41, 9001) == "41.9001"
    assert process_key(41, 9001) != process_key(41, 9002)


def test_nobody_is_not_attributed():
    assert (NOBODY.key, NOBODY.pid, NOBODY.attribution) == (None, 0, "unknown")
