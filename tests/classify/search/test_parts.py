from __future__ import annotations

import gzip
import json
from random import Random

from auditor.classify.case import classify
from auditor.classify.search.parts import extent
from auditor.classify.search.parts import parts_of
from auditor.classify.search.parts import split
from auditor.classify.search.parts import whole
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.document import make_document
from auditor.model.flow import Purpose

DOCUMENT = make_document(Random(3), "velka-zofin-4821")


def canary(kind: str, value: str) -> Canary:
    return Canary(id="c", kind=CanaryKind(kind), value=value, planted_in="somewhere")


def test_a_document_in_sentences_and_a_marker_whole():
    document = canary("document", DOCUMENT)
    assert len(parts_of(document)) == 25
    assert " ".join(parts_of(document)) == DOCUMENT
    assert [whole(part.id) for part in split(document)][:2] == [("c", "1"), ("c", "2")]
    marker = canary("prompt", "velka-zofin-4821")
    assert list(split(marker)) == [marker]
    assert whole("c") == ("c", "")


def test_how_much():
    document = canary("document", DOCUMENT)
    assert extent(document, 7) == "7 of 25 sentences"
    assert extent(document, 0) == ""  # its digest alone
    assert extent(canary("prompt", "velka-zofin-4821"), 1) == ""


def found(run, body: bytes, **how):
    run.canary(DOCUMENT, "document", "document")
    run.request(run.flow("10.1"), "https://x.example/e", body, **how)
    case = classify(run.seal())
    return case, next(report.found for report in case.canaries if report.canary.id == "document")


def test_the_middle_of_a_document_in_a_compressed_field(run):
    middle = DOCUMENT[len(DOCUMENT) // 3 : 2 * len(DOCUMENT) // 3]
    whole_sentences = sum(part in middle for part in parts_of(canary("document", DOCUMENT)))
    body = gzip.compress(json.dumps({"chunk": middle}).encode())
    case, (sighting,) = found(run, body, headers=(("Content-Encoding", "gzip"),))
    assert sighting.extent == f"{whole_sentences} of 25 sentences"
    assert whole_sentences >= 5
    assert sighting.encoding == ("gzip",)
    assert case.flows[0].purpose is Purpose.PROMPT_LEAK


def test_sentences_over_requests_are_one_canary(run):
    run.canary(DOCUMENT, "document", "document")
    flow = run.flow("10.1")
    for part in parts_of(canary("document", DOCUMENT))[3:6]:
        run.request(flow, "https://x.example/e", {"s": part})
    sightings = classify(run.seal()).canaries[0].found
    assert [one.extent for one in sightings] == ["1 of 25 sentences"] * 3


def test_nothing_of_another_document(run):
    other = make_document(Random(4), "tovin-jakel-9046")
    _, sightings = found(run, other.encode())
    assert sightings == ()
