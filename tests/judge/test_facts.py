from __future__ import annotations

from auditor.judge.facts import facts_of
from auditor.judge.field import BY_NAME
from auditor.judge.field import FieldType
from auditor.judge.field import Kind
from auditor.judge.field import names_for
from auditor.judge.field import type_fault
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import CanaryReport
from auditor.model.canary import Sighting
from auditor.model.coverage import Gap
from auditor.model.file import Attempt
from auditor.model.file import FileChange
from auditor.model.file import Listener
from auditor.model.flow import Purpose
from auditor.model.run import Declared


def full(case, flow, exchange, lookup, sighted, owner, dependence):
    """A case with a record of every kind."""
    change = FileChange(
        path="/home/someone/.app/h.txt", change="created", bytes=9, process=owner(), canaries=("prompt-1",), metadata=("mode",)
    )  # fmt: skip
    return case(
        flows=(flow(note="a note", canaries=("prompt-1",), requests=(exchange(), exchange(id="f1.2", purpose=Purpose.ACCOUNT))),
               flow(id="f2", requests=(), declared=True)),
        lookups=(lookup(canaries=("prompt-1",)),),
        canaries=(sighted(extent="7 of 24 sentences"), sighted(subject="l1", exchange="", where="lookup"),
                  sighted(subject=change.path, exchange="", where="file"), sighted(subject="frame 7", exchange="", where="packet")),
        files=(change,),
        listeners=(Listener(address="0.0.0.0", port=80, process=owner(), exposure="all-interfaces", phase="idle"),),
        attempts=(Attempt(process=owner(), call="setns", detail="x", phase="idle"),),
        coverage__gaps=(Gap(text="3 lost", blinds=True),),
        dependence=dependence(),
        run__declared=(Declared(host="stats.vendor.example", purpose="telemetry"),),
    )  # fmt: skip


def test_records_hold_only_registered_fields_of_the_right_type(
    case, flow, exchange, lookup, sighted, owner, dependence
):
    facts = facts_of(full(case, flow, exchange, lookup, sighted, owner, dependence))
    seen = set()
    for kind in Kind:
        assert facts[kind], kind
        for record in facts[kind]:
            assert set(record.fields) <= set(names_for(kind)), kind
            seen |= set(record.fields)
            assert record.evidence
            for name, value in record.fields.items():
                for one in value if isinstance(value, tuple) else (value,):
                    assert type_fault(BY_NAME[name], one) == "", name
                    assert not BY_NAME[name].values or one in BY_NAME[name].values, (name, one)
                assert value not in ((), ""), name
    assert set(BY_NAME) - seen == set(), "fields that no case ever fills"
    assert BY_NAME["source.bytes"].type is FieldType.NUMBER


def test_a_contact_is_each_exchange_and_each_flow_without_one(case, flow, exchange):
    two = (exchange(), exchange(id="f1.2", purpose=Purpose.ACCOUNT))
    facts = facts_of(case(flows=(flow(requests=two), flow(id="f2", requests=(), purpose=Purpose.LICENCE))))
    assert [record.fields["audit.purpose"] for record in facts[Kind.CONTACT]] == [
        "telemetry",
        "account",
        ("licence",),
    ]
    assert len(facts[Kind.FLOW]) == 2
    assert len(facts[Kind.EXCHANGE]) == 2


def test_a_lookup_is_followed_when_any_of_its_name_is(case, flow, lookup):
    both = (
        lookup(),
        lookup(id="l2", type="AAAA", followed=False),
        lookup(id="l3", name="OTHER.example", followed=False),
    )
    followed = [
        record.fields["audit.lookup.followed"] for record in facts_of(case(lookups=both))[Kind.LOOKUP]
    ]
    assert followed == [True, True, False]
    alone = case(lookups=(lookup(followed=False),), flows=(flow(),))
    assert facts_of(alone)[Kind.LOOKUP][0].fields["audit.lookup.followed"] is True


def test_a_sighting_knows_the_exchange_it_was_in(case, flow, sighted):
    (record,) = facts_of(case(flows=(flow(canaries=("prompt-1",)),), canaries=(sighted(),)))[Kind.CANARY]
    assert record.fields["url.path"] == "/v1/events"
    assert record.fields["audit.canary.subject"] == "flow"
    assert record.fields["audit.canary.form"] == "gzip"
    assert record.evidence == ("events.jsonl:21",)
    assert record.excerpt == "remember [[amber-4127]]"


def test_a_sighting_in_nothing_known_is_still_a_record(case, sighted):
    (record,) = facts_of(case(canaries=(sighted(subject="frame 9", exchange="", encoding=()),)))[Kind.CANARY]
    assert record.fields["audit.canary.subject"] == "other"
    assert record.fields["audit.canary.form"] == "plain text"
    assert record.subject == "frame 9"


def test_controls_of_our_own_are_no_sightings(case):
    control = Canary(id="control-1", kind=CanaryKind.CONTROL, value="x", planted_in="control")
    report = CanaryReport(canary=control, found=(Sighting(canary="control-1", where="url", subject="c1"),))
    assert facts_of(case(canaries=(report,)))[Kind.CANARY] == ()


def test_an_exchange_says_only_what_it_sent_itself(case, flow, exchange, sighted):
    two = (exchange(), exchange(id="f1.2"))
    facts = facts_of(case(flows=(flow(canaries=("prompt-1",), requests=two),), canaries=(sighted(),)))
    assert [record.fields.get("audit.canary.kinds") for record in facts[Kind.EXCHANGE]] == [("prompt",), None]
    assert facts[Kind.FLOW][0].fields["audit.canary.kinds"] == ("prompt",)


def test_a_file_that_we_planted_is_known_as_such(case, owner):
    planted = CanaryReport(
        canary=Canary(
            id="prompt-1", kind=CanaryKind.PROMPT, value="x", planted_in="prompt file /tmp/prompt.txt"
        )
    )
    change = FileChange(
        path="/tmp/prompt.txt", change="modified", bytes=1, process=owner(), canaries=(), metadata=()
    )
    (record,) = facts_of(case(files=(change,), canaries=(planted,)))[Kind.FILE]
    assert record.fields["audit.file.planted"] is True
    (record,) = facts_of(case(files=(change,)))[Kind.FILE]
    assert record.fields["audit.file.planted"] is False
