from __future__ import annotations

import re

import pytest

from auditor.model.canary import CanaryKind
from auditor.model.prompt import Prompt
from auditor.record.planting import control_canaries
from auditor.record.planting import identity_canaries
from auditor.record.planting import prompt_canaries
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


def test_each_channel_of_the_control_has_a_value_of_its_own_that_fits_into_a_name():
    canaries = control_canaries(("dns", "tcp", "file"))
    assert [canary.id for canary in canaries] == ["control-dns", "control-tcp", "control-file"]
    assert len({canary.value for canary in canaries}) == 3
    # RFC 1035, section 2.3.1: a label begins with a letter; 63 signs at most.
    assert all(re.fullmatch(r"[a-z][a-z0-9]{19,62}", canary.value) for canary in canaries)
    assert control_canaries(("dns",))[0].value != control_canaries(("dns",))[0].value
