from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from auditor.report.result import TEXT_LIMIT
from auditor.report.result import build_result
from auditor.report.result import encode_result
from auditor.report.result import schema

PROCESS = ("pid", "executable", "argv", "ancestry", "attribution")
CONTRACT = {
    "": (
        "schema_version run verdict principles findings flows lookups canaries files listeners processes "
        "attempts coverage reference"
    ),
    "run": ("id started duration_s command mode assurance driver tool_version rules_digest phases"),
    "run.phases[]": "name start_s end_s",
    "verdict": "outcome exit_code reasons",
    "principles[]": "number id title outcome findings",
    "findings[]": (
        "rule title severity confidence phase message remedy process destination evidence fingerprint suppressed"
    ),
    "flows[]": (
        "id phase process destination transport protocol visibility sni ja4 bytes_out bytes_in purpose entity "
        "declared canaries requests"
    ),
    "flows[].process": "pid executable argv ancestry attribution",
    "flows[].destination": "domain ip port",
    "flows[].requests[]": "method url status bytes_out",
    "lookups[]": "phase name type process canaries",
    "canaries[]": "id kind planted_in found",
    "canaries[].found[]": "where encoding",
    "files[]": "path change bytes process canaries metadata",
    "listeners[]": "address port process exposure",
    "processes[]": "pid parent executable argv start_s end_s",
    "attempts[]": "process call detail phase",
    "coverage": "controls packets flows answered answer_contains_marker gaps",
    "coverage.controls[]": "channel seen attributed round decoded",
    "coverage.packets": "captured dropped",
    "coverage.flows": "total attributed decrypted opaque",
    "reference": "engine version model_sha256 prompts flows lookups files canaries_found tokens_per_second",
}
"""Every key that the published contract promises, by the path of the object that holds it."""


def document(result):
    return json.loads(encode_result(result))


def at(value, path):
    """All objects at a path such as `flows[].process`."""
    found = [value]
    for step in filter(None, path.split(".")):
        key = step.removesuffix("[]")
        found = [item[key] for item in found]
        if step.endswith("[]"):
            found = [item for group in found for item in group]
    return found


@pytest.mark.parametrize("path", CONTRACT)
def test_every_promised_key_is_there(failing, path):
    objects = at(document(failing), path)
    assert objects
    for item in objects:
        assert set(CONTRACT[path].split()) <= set(item)


def test_processes_have_one_shape_wherever_they_appear(failing):
    whole = document(failing)
    for path in ("findings[]", "flows[]", "lookups[]", "files[]", "listeners[]", "attempts[]"):
        for item in at(whole, path):
            assert item["process"] is None or set(PROCESS) <= set(item["process"])


def test_values_are_plain(failing):
    whole = document(failing)
    assert whole["schema_version"] == "1"
    assert whole["verdict"]["outcome"] == "fail"
    assert whole["run"]["command"] == ["python", "chat.py", "--port", "8000"]
    assert whole["coverage"]["gaps"][0].startswith("1 connection")
    assert whole["processes"][1]["parent"] == 4211
    assert whole["processes"][0]["parent"] is None
    assert whole["reference"]["prompts"] == 2
    assert whole["findings"][-1]["suppressed"] == {
        "reason": "Behind the clinic's firewall",
        "expires": "2027-01-31",
    }


def test_a_sighting_names_its_flow_lookup_or_file(failing):
    found = {item["id"]: item["found"] for item in document(failing)["canaries"]}
    first, second, third = found["prompt-1"]
    assert (first["flow"], first["encoding"]) == ("f1", "gzip > base64")
    assert (second["flow"], second["encoding"]) == ("f2", "plain")
    assert third["file"] == "/home/ann/.chat/history.db"
    assert found["identity-hostname"][1]["lookup"] == "l3"
    for sighting in first, third:
        assert len({"flow", "lookup", "file"} & set(sighting)) == 1


def test_what_our_own_control_planted_is_no_canary_of_the_app(failing):
    assert {item["kind"] for item in document(failing)["canaries"]} == {"prompt", "document", "identity"}


def test_request_headers_stay_in_the_evidence(failing):
    assert b"secret-token" not in encode_result(failing)


def test_findings_come_gravest_first_and_accepted_ones_last(failing):
    assert [item.rule for item in failing.findings] == ["CAN001", "SAV001", "TEL001", "EXP001"]


def test_flows_come_in_order_of_time(failing):
    starts = [flow.start_s for flow in failing.flows]
    assert starts == sorted(starts)


def test_no_reference_is_null(cases):
    assert document(build_result(*cases["empty"]))["reference"] is None


def test_the_document_satisfies_its_own_schema(any_result):
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(document(any_result), schema())


def test_the_schema_rejects_what_the_contract_does_not_allow(failing):
    whole = document(failing)
    whole["verdict"]["outcome"] = "safe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole, schema())


def test_equal_input_gives_equal_bytes(cases):
    case, judgement = cases["fail"]
    assert encode_result(build_result(case, judgement)) == encode_result(build_result(case, judgement))


def test_huge_and_undecodable_text_is_bounded(cases):
    case, judgement = cases["fail"]
    argv = ("x", "\udcff" + "y" * (TEXT_LIMIT * 4))
    bad = dataclasses.replace(case, processes=(dataclasses.replace(case.processes[0], argv=argv),))
    (process,) = document(build_result(bad, judgement))["processes"]
    assert process["argv"][1].startswith("\\udcffyyy")
    assert len(process["argv"][1]) < TEXT_LIMIT + 50


def test_times_are_rounded_to_milliseconds(cases):
    case, judgement = cases["fail"]
    odd = dataclasses.replace(case, run=dataclasses.replace(case.run, duration_s=1.23456789))
    assert build_result(odd, judgement).run.duration_s == 1.235
