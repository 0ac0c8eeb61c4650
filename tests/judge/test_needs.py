from __future__ import annotations

import pytest

from auditor.judge.needs import missing_needs
from auditor.judge.rulefile import Need
from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.canary import CanaryReport
from auditor.model.canary import Sighting
from auditor.model.coverage import ControlResult
from auditor.model.flow import Visibility
from auditor.model.run import Mode

UNPLANTED = {Need.RESPONSES, Need.SECRETS, Need.PROBES, Need.PAIRS}
"""What an ordinary run does not do."""


def lacking(one):
    return {need: why for need, why in missing_needs(one).items() if need not in UNPLANTED}


def controls(*channels, seen=True):
    return tuple(ControlResult(channel=name, seen=seen, attributed=seen) for name in channels)


def test_nothing_is_missing_when_every_control_was_seen(case):
    assert lacking(case()) == {}


@pytest.mark.parametrize(
    ("channels", "missing"),
    [
        (("https", "dns-udp", "file-write"), set()),
        (("dns", "file"), {Need.FLOWS}),
        (("udp", "file"), {Need.LOOKUPS}),
        (("tcp", "dns"), {Need.FILES}),
        ((), {Need.FLOWS, Need.LOOKUPS, Need.FILES, Need.LISTENERS, Need.ATTEMPTS}),
    ],
)
def test_an_observer_that_saw_no_control_is_not_trusted(case, channels, missing):
    assert set(lacking(case(coverage__controls=controls(*channels)))) == missing
    unseen = (*controls(*channels), *controls("https", "dns", "file", seen=False))
    assert set(lacking(case(coverage__controls=unseen))) == missing


def test_with_the_cable_pulled_there_are_no_flows_to_miss(case):
    pulled = case(run__mode=Mode.OFFLINE, coverage__controls=controls("dns", "file"))
    assert lacking(pulled) == {}


def test_what_was_recorded_proves_its_own_observer(case, flow, lookup):
    assert set(lacking(case(coverage__controls=(), flows=(flow(),), lookups=(lookup(),)))) == {
        Need.FILES, Need.LISTENERS, Need.ATTEMPTS,
    }  # fmt: skip


def test_an_unreadable_flow_and_an_untyped_prompt_are_missing_evidence(case, flow):
    missing = lacking(case(flows=(flow(visibility=Visibility.OPAQUE), flow()), coverage__prompted=False))
    assert set(missing) == {Need.CONTENTS, Need.PROMPTS}
    assert missing[Need.CONTENTS] == "the content of 1 of 2 flows could not be read"


def test_a_rule_about_what_was_not_planted_or_probed_cannot_pass(case, flow, dependence):
    assert set(missing_needs(case())) == UNPLANTED
    kinds = (CanaryKind.RESPONSE, CanaryKind.ENV)
    planted = tuple(
        CanaryReport(canary=Canary(id=kind, kind=kind, value="x", planted_in="x", context="x"))
        for kind in kinds
    )
    used = case(canaries=planted, flows=(flow(probed=True, unverified=True),), dependence=dependence())
    assert set(missing_needs(used)) == set()


def test_paired_runs_that_settled_nothing_are_missing_evidence(case, dependence):
    unsettled = case(dependence=dependence(reason="the box fell over"))
    assert "--paired" in missing_needs(unsettled)[Need.PAIRS]


def test_the_mark_of_a_stand_in_counts_once_it_was_said(case):
    cloud = Canary(id="response-cloud", kind=CanaryKind.RESPONSE, value="x", planted_in="x")
    heard = Sighting(canary=cloud.id, where="response body", subject="f1", direction="in")
    assert Need.RESPONSES in missing_needs(case(canaries=(CanaryReport(canary=cloud),)))
    assert Need.RESPONSES not in missing_needs(case(canaries=(CanaryReport(canary=cloud, found=(heard,)),)))
