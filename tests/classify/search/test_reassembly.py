from __future__ import annotations

import base64
import gzip

from auditor.classify.case import classify
from auditor.model import observation as o
from auditor.model.flow import Purpose

MARKER = "velka-zofin-4821"


def found(case, id_="prompt-1"):
    return next((report.found for report in case.canaries if report.canary.id == id_), ())


def send(run, flow, parts, where="https://x.example/e?p="):
    for part in parts:
        run.request(flow, f"{where}{part}", method="GET")


def test_a_compressed_mark_in_small_pieces_of_base64(run):
    run.canary(MARKER)
    text = base64.urlsafe_b64encode(gzip.compress(f"the {MARKER} plan".encode())).decode().rstrip("=")
    send(run, run.flow("10.1"), [text[at : at + 5] for at in range(0, len(text), 5)])
    (sighting,) = found(classify(run.seal()))
    assert (sighting.where, sighting.encoding[0]) == ("url", "shards")
    assert "gzip" in sighting.encoding
    assert "[[velka-zofin-4821]]" in sighting.excerpt


def test_a_look_up_for_each_piece(run):
    run.canary(MARKER)
    for number in (3, 0, 5, 1, 4, 2):
        run.lookup("10.1", f"{number}-{MARKER[number * 3 : number * 3 + 3]}.t.example")
    (sighting,) = found(case := classify(run.seal()))
    assert (sighting.where, sighting.encoding) == ("lookup", ("shards",))
    assert [lookup.canaries for lookup in case.lookups].count(("prompt-1",)) == 1


def test_shuffled_pieces_are_quoted_in_their_order(run):
    run.canary(MARKER)
    parts = [MARKER[at : at + 4] for at in range(0, 16, 4)]
    send(run, run.flow("10.1"), [parts[2], "start", parts[0], parts[3], parts[1]])
    (sighting,) = found(classify(run.seal()))
    assert sighting.excerpt == "[[velk]] + [[a-zo]] + [[fin-]] + [[4821]]"


def test_what_was_found_whole_is_not_put_together_again(run):
    run.canary(MARKER)
    flow = run.flow("10.1")
    send(run, flow, [MARKER])
    send(run, flow, [MARKER[:8], MARKER[8:]])
    assert [one.encoding for one in found(classify(run.seal()))] == [()]


def test_a_counter_is_use_and_no_leak(run):
    flow = run.flow("10.1")
    for index, text in enumerate(("a" * 52, "b" * 38, "c" * 71), start=1):
        run.write(o.PromptSent(role="app", index=index, text=text, canary=f"prompt-{index}"))
        run.request(flow, "https://x.example/stats", {"chars": len(text), "ok": 1})
    case = classify(run.seal())
    (sighting,) = found(case, "usage-length")
    assert sighting.encoding == ("length in characters",)
    assert sighting.excerpt == "json.chars: [[52]], [[38]], [[71]]"
    assert case.flows[0].purpose is not Purpose.PROMPT_LEAK
    assert case.flows[0].canaries == ("usage-length",)


def test_no_counter_no_entry(run):
    run.canary(MARKER)
    assert [report.canary.id for report in classify(run.seal()).canaries] == ["prompt-1"]
