from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.evidence import journal as journals
from auditor.evidence.journal import Journal
from auditor.evidence.journal import decode
from auditor.evidence.journal import encode
from auditor.evidence.journal import read
from auditor.model.observation import OBSERVATION_TYPES
from auditor.model.observation import DnsQuery
from auditor.model.observation import Entry
from auditor.model.observation import GapNoted
from auditor.model.observation import PhaseBegan
from auditor.model.observation import ProcessExited
from auditor.model.observation import RunEnded

ENDED = RunEnded(app_status="exit 0")

# Whatever UTF-8 can carry: observers replace what it cannot.
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"])))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def entries_of(cls) -> st.SearchStrategy[Entry]:
    return st.builds(
        Entry, seq=st.integers(1, 2**40), t=st.floats(0, 2e9), mono=st.floats(0, 1e6), what=st.builds(cls)
    )


@pytest.mark.parametrize("cls", OBSERVATION_TYPES, ids=lambda cls: cls.kind)
@given(data=st.data())
def test_every_kind_comes_back_as_it_went(cls, data):
    entry = data.draw(entries_of(cls))
    line = encode(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    back = decode(line)
    assert back.what == entry.what
    # A gap names its observer itself.
    assert back.observer == getattr(entry.what, "observer", entry.observer)
    assert (back.seq, back.t, back.mono, back.phase) == (entry.seq, entry.t, entry.mono, entry.phase)


def test_kinds_are_unique_and_lines_begin_with_what_every_line_has():
    assert len({cls.kind for cls in OBSERVATION_TYPES}) == len(OBSERVATION_TYPES)
    entry = Entry(seq=7, t=1.5, mono=0.5, phase="idle", observer="record", what=ENDED)
    keys = list(json.loads(encode(entry)))
    assert keys == ["seq", "t", "mono", "phase", "observer", "kind", "app_status"]
    assert entry.ref == "events.jsonl:7"


@given(st.binary(max_size=300))
def test_nonsense_is_a_value_error(data):
    with pytest.raises(ValueError, match="not a journal line"):
        decode(b"[" + data)


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"kind":"no.such"}',
        b'{"seq":1,"t":0,"mono":0,"phase":"idle","observer":"x","kind":"run.ended"}',
        b'{"seq":"1","t":0,"mono":0,"phase":"idle","observer":"x","kind":"run.ended","app_status":""}',
        b'{"seq":1,"t":0,"mono":0,"phase":"idle","observer":"x","kind":"run.ended","app_status":5}',
    ],
)
def test_a_line_that_lacks_something_is_a_value_error(line):
    with pytest.raises(ValueError, match="not a journal line"):
        decode(line)


def test_a_field_that_a_later_version_added_is_no_reason_to_refuse():
    entry = Entry(seq=1, t=1.0, mono=1.0, phase="idle", observer="record", what=ENDED)
    document = json.loads(encode(entry)) | {"added_later": [1, 2]}
    assert decode(json.dumps(document).encode()).what == ENDED


def test_what_is_written_is_read_in_order(journal):
    written = [journal.write("record", ProcessExited(key=f"{n}.1", status=n)) for n in range(5)]
    journal.close()
    assert list(read(journal.path)) == written
    assert [entry.seq for entry in written] == [1, 2, 3, 4, 5]


def test_each_observation_falls_in_the_phase_of_its_own_moment(journal):
    first = time.monotonic()
    journal.begin_phase("idle")
    second = time.monotonic()
    journal.begin_phase("prompt")
    phases = [journal.write("x", ENDED, at=at).phase for at in (first, second, None, journal.zero - 9)]
    assert phases == ["start", "idle", "prompt", "start"]
    began = [entry for entry in _written(journal) if isinstance(entry.what, PhaseBegan)]
    assert [(entry.phase, entry.what.name) for entry in began] == [("idle", "idle"), ("prompt", "prompt")]


def test_the_time_of_day_is_that_of_the_moment_not_of_the_writing(journal):
    at = time.monotonic() - 100
    entry = journal.write("x", ENDED, at=at)
    assert abs(entry.t - (time.time() - 100)) < 5
    assert abs(entry.mono - (at - journal.zero)) < 1e-5


def _written(journal: Journal) -> list[Entry]:
    journal.close()
    return list(read(journal.path))


def test_a_gap_is_the_line_of_the_observer_that_was_blind(journal):
    journal.write("record", GapNoted(observer="packets", text="3 packets were dropped.", blinds=True))
    (entry,) = _written(journal)
    assert (entry.observer, entry.what.observer) == ("packets", "packets")


@given(cut=st.integers(1, 10_000))
def test_a_line_cut_off_by_a_crash_ends_the_journal_silently(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "events.jsonl"
    lines = [encode(Entry(seq=n, t=1.0, mono=1.0, phase="idle", observer="x", what=ENDED)) for n in (1, 2, 3)]
    whole = b"".join(lines)
    path.write_bytes(whole[: len(whole) - min(cut, len(whole))])
    complete = sum(len(b"".join(lines[: n + 1])) - 1 <= path.stat().st_size for n in range(3))
    assert [entry.seq for entry in read(path)] == [1, 2, 3][:complete]


def test_a_broken_line_in_the_middle_is_named(journal):
    journal.write("x", ENDED)
    journal.close()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + b'{"half":\n' + whole)
    with pytest.raises(ValueError, match=r"events\.jsonl:2: not a journal line"):
        list(read(journal.path))


def test_an_empty_journal_has_no_entries(tmp_path):
    (tmp_path / "events.jsonl").touch()
    assert list(read(tmp_path / "events.jsonl")) == []


def test_an_old_journal_is_never_overwritten(journal):
    with pytest.raises(FileExistsError):
        Journal(journal.path)


def test_subscribers_see_every_entry_after_it_is_on_disk(journal):
    seen = []
    journal.subscribe(lambda entry: seen.append((entry.seq, journal.path.read_bytes().count(b"\n"))))
    journal.write("x", ENDED)
    journal.begin_phase("idle")
    assert seen == [(1, 1), (2, 2)]


def test_threads_do_not_tear_each_others_lines(journal):
    query = DnsQuery(
        transport="udp", client_ip="192.0.2.1", client_port=1, server_ip="192.0.2.2", server_port=53,
        name="x" * 3000, type="A", rcode="NOERROR", answers=(), cookie=0, inode=0,
    )  # fmt: skip
    threads = [
        threading.Thread(target=lambda: [journal.write("x", query) for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = _written(journal)
    assert sorted(entry.seq for entry in entries) == list(range(1, 201))
    assert [entry.seq for entry in entries] == list(range(1, 201))


def test_a_full_disk_is_remembered_and_stops_the_writing(journal):
    journal._file.close()
    journal._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the journal closes it
    journal.write("x", ENDED)
    assert journal.failed is not None
    assert "No space left" in str(journal.failed)
    first = journal.failed
    journal.write("x", ENDED)
    assert journal.failed is first
    journal.close()


def test_writing_after_the_end_is_dropped(journal):
    journal.write("x", ENDED)
    journal.close()
    journal.write("x", ENDED)
    assert journal.failed is None
    assert len(list(read(journal.path))) == 1


def test_the_envelope_never_hides_a_field_of_an_observation():
    for cls in OBSERVATION_TYPES:
        clash = set(cls.__struct_fields__) & set(journals._ENVELOPE)
        assert clash <= {"observer"}, cls


def test_bytes_that_were_no_text_are_spelled_out():
    said = DnsQuery(
        transport="udp", client_ip="", client_port=0, server_ip="", server_port=53, name="a\udcfd\ud800", type="A",
        rcode="NOERROR", answers=("\udcff",), cookie=0, inode=0,
    )  # fmt: skip
    entry = Entry(seq=1, t=1.0, mono=1.0, phase="start", observer="test", what=said)
    again = decode(encode(entry)).what
    assert (again.name, again.answers) == ("a\\udcfd\\ud800", ("\\udcff",))
