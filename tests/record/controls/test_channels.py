from __future__ import annotations

import ipaddress
import os
import re

from auditor.classify.controls import DECODED
from auditor.classify.controls import UNIX
from auditor.model.canary import CanaryKind
from auditor.record.controls import channels
from auditor.record.controls.clients import CLIENTS
from auditor.record.controls.openers import OPENERS
from auditor.sandbox.box import scratch_directory
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box

NAMES = [channel.name for channel in channels.CHANNELS]


def test_every_channel_has_both_of_its_halves():
    assert list(OPENERS) == NAMES
    assert CLIENTS.keys() | channels.OUTSIDE == channels.ANSWERED


def test_what_has_a_protocol_is_judged_by_it():
    assert DECODED.keys() == channels.ANSWERED
    assert UNIX in NAMES


def test_a_box_is_asked_for_what_it_has():
    assert list(channels.names(ipv6=True, offline=False)) == NAMES
    without = set(NAMES) - set(channels.names(ipv6=False, offline=False))
    assert without == {"ipv6", "udp6", "icmp6", "multicast6"}
    assert channels.names(ipv6=True, offline=True) == ("dns", "unix", "file")


def test_each_channel_has_a_value_of_its_own_in_each_round_that_fits_into_a_name():
    before, after = (channels.canaries(moment, ("dns", "tcp")) for moment in ("before", "after"))
    planted = [*before.values(), *after.values()]
    assert [canary.id for canary in planted] == [
        "control-before-dns", "control-before-tcp", "control-after-dns", "control-after-tcp",
    ]  # fmt: skip
    assert len({canary.value for canary in planted}) == 4
    assert {canary.kind for canary in planted} == {CanaryKind.CONTROL}
    # RFC 1035, section 2.3.1: a label begins with a letter; 63 signs at most.
    assert all(re.fullmatch(r"[a-z][a-z0-9]{19,62}", canary.value) for canary in planted)


def test_the_task_names_places_that_nobody_has_anew_each_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = plan_box(Wishes(command=["sh"], scratch=scratch_directory()))
    planted = channels.canaries("before", ("tcp",))
    one, other = (channels.task(plan, planted, ipv6=True) for _ in range(2))
    assert one["tokens"] == {"tcp": planted["tcp"].value}
    assert ipaddress.ip_address(one["ipv4"]) in ipaddress.ip_network("203.0.113.0/24")
    assert ipaddress.ip_address(one["ipv6"]) in ipaddress.ip_network("2001:db8::/32")
    assert ipaddress.ip_address(one["group4"]).is_multicast
    assert ipaddress.ip_address(one["group6"]).is_multicast
    assert (one["ipv6"], one["group6"]) != (other["ipv6"], other["group6"])
    without = channels.task(plan, planted, ipv6=False)
    assert (without["ipv6"], without["group6"]) == ("", "")


def test_the_file_goes_into_a_recorded_tree_that_the_app_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = plan_box(Wishes(command=["sh"], scratch=scratch_directory()))
    folders = channels.task(plan, {}, ipv6=True)["folders"]
    layers = {layer.mount: layer for layer in plan.layers}
    assert folders
    assert set(folders) <= layers.keys()
    assert folders[-1] == "/var/tmp"  # starts empty: the last resort
    assert all(os.access(folder, os.W_OK) for folder in folders)
    if "/tmp" in layers:
        assert folders[0] == "/tmp"
