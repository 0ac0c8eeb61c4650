from __future__ import annotations

import pytest

from auditor.model.canary import CanaryKind
from auditor.model.prompt import Prompt
from auditor.record.planting import cloud_canaries
from auditor.record.planting import document_canaries
from auditor.record.planting import honey_canaries
from auditor.record.planting import identity_canaries
from auditor.record.planting import prompt_canaries
from auditor.sandbox.plan import HoneyFile
from auditor.sandbox.plan import HoneyVariable
from auditor.sandbox.plan import IdentityPlan

IDENTITY = IdentityPlan(
    host_name="fekesi-8cb599", machine_id="5" * 32, user_name="zopuvi49", mac="3c:fd:fe:dc:3f:21"
)


def test_a_prompt_is_a_canary_where_it_has_a_marker():
    marked = Prompt(index=1, text="I am velka-zofin-4821.", canary="prompt-1", marker="velka-zofin-4821")
    plain = Prompt(index=2, text="Hello.", canary="prompt-2", marker="")
    (canary,) = prompt_canaries((marked, plain))
    assert (canary.id, canary.kind, canary.value) == ("prompt-1", CanaryKind.PROMPT, "velka-zofin-4821")
    assert (canary.planted_in, canary.context) == ("prompt 1", "I am velka-zofin-4821.")


def test_who_the_box_says_it_is():
    canaries = {canary.id: canary for canary in identity_canaries(IDENTITY, "/home/ada/")}
    assert {name: canary.value for name, canary in canaries.items()} == {
        "identity-hostname": IDENTITY.host_name,
        "identity-machine-id": IDENTITY.machine_id,
        "identity-user": IDENTITY.user_name,
        "identity-mac": IDENTITY.mac,
        "identity-home": "/home/ada",
    }
    assert {canary.kind for canary in canaries.values()} == {CanaryKind.IDENTITY}


@pytest.mark.parametrize("home", ["/", "/root", "/root/", "/home/user", "/nonexistent"])
def test_a_home_that_tells_nobody_apart_is_no_canary(home):
    assert "identity-home" not in {canary.id for canary in identity_canaries(IDENTITY, home)}


def test_hardware_that_the_box_shows_is_identity():
    shown = IdentityPlan(
        host_name="a", machine_id="b", user_name="c", mac="d", serial="5XK2", product="u-1", boot_id="u-2"
    )
    added = [canary for canary in identity_canaries(shown, "/") if canary.value in ("5XK2", "u-1", "u-2")]
    assert [canary.id for canary in added] == ["identity-serial", "identity-product", "identity-boot"]


def test_honey_is_a_canary_under_the_name_that_a_reader_knows():
    file = HoneyFile(
        id="file-aws", path="/home/ada/.aws/credentials", place="~/.aws/credentials", text="k=v", secret="v"
    )
    variable = HoneyVariable(id="env-nas-password", name="NAS_PASSWORD", value="w")
    first, second = honey_canaries((file,), (variable,))
    assert (first.kind, first.value, first.planted_in) == (CanaryKind.FILE, "v", "~/.aws/credentials")
    assert (second.kind, second.value, second.planted_in) == (
        CanaryKind.ENV,
        "w",
        "the variable NAS_PASSWORD",
    )


def test_a_document_and_the_answers_of_stand_ins():
    assert document_canaries("") == ()
    (document,) = document_canaries("One. Two.")
    assert (document.id, document.kind, document.value) == ("document", CanaryKind.DOCUMENT, "One. Two.")
    (cloud,) = cloud_canaries("velka-zofin-4821")
    assert (cloud.kind, cloud.value, cloud.context) == (CanaryKind.RESPONSE, "velka-zofin-4821", "")
