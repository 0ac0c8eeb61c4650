"""Five thousand conversations over every transport at once: each is seen, and laid to the program that began it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = [pytest.mark.box, pytest.mark.timeout(600)]

APP = Path(__file__).resolve().parents[2] / "fixtures" / "apps" / "mixed_connections.py"
TOTAL = int(os.environ.get("MIX_TOTAL", "5000"))
SEED = int(os.environ.get("MIX_SEED", "20261121"))
PROGRAMS = 5
NAMED = 0.999
"""Share that must be laid to the right program."""


@pytest.fixture(scope="module")
def mixed():
    spec = importlib.util.spec_from_file_location("mixed_connections", APP)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for annotations
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Copies of this Python, each an executable of its own."""
    folder = tmp_path_factory.mktemp("programs")
    return [shutil.copy(os.path.realpath(sys.executable), folder / f"program{n}") for n in range(PROGRAMS)]


@pytest.fixture(scope="module")
def begun(mixed, programs):
    """(contact, program) of every conversation, as the seed has it."""
    shares = mixed.plan(SEED, TOTAL, PROGRAMS)
    return [(contact, str(programs[share.program])) for share in shares for contact in share.contacts]


@pytest.fixture(scope="module")
def ended(audit, programs):
    # The settling ends with the app, however slow the machine is.
    options = ("--driver", "none", "--settle", 300, "--no-reference", "--idle", 0.5, "--out", "{run}")
    command = (sys.executable, "-B", APP, SEED, TOTAL, *programs)
    return audit.start("run", *options, "--", *command, PYTHONHOME=sys.base_prefix).end(timeout_s=500)


@pytest.fixture(scope="module")
def seen(ended):
    """Who was seen: by transport, address and port of a flow, and by name of a look-up."""
    owners = {}
    for flow in ended.result["flows"]:
        there = flow["destination"]
        owners.setdefault((flow["transport"], there["ip"], there["port"]), []).append(flow["process"])
    for lookup in ended.result["lookups"]:
        owners.setdefault(lookup["name"], []).append(lookup["process"])
    return owners


def key(contact):
    return contact.name or (contact.transport, contact.address, contact.port)


def test_every_conversation_is_seen(begun, seen):
    lost = Counter(contact.kind for contact, _ in begun if key(contact) not in seen)
    assert not lost


def test_nothing_is_seen_that_was_not_done(begun, ended):
    known = {key(contact)[:3] for contact, _ in begun if not contact.name}
    known |= {(contact.transport, contact.address, contact.port) for contact, _ in begun}
    flows = [
        (flow["transport"], flow["destination"]["ip"], flow["destination"]["port"])
        for flow in ended.result["flows"]
    ]
    assert [flow for flow in flows if flow not in known] == []


def test_each_is_laid_to_the_program_that_began_it(begun, seen):
    wrong = Counter(
        (contact.kind, process["attribution"] or "nobody", os.path.basename(process["executable"]))
        for contact, program in begun
        for process in seen.get(key(contact), [])
        if process["executable"] != program
    )
    assert wrong.total() <= (1 - NAMED) * len(begun), wrong


def test_no_packet_is_lost_or_belongs_to_nothing(ended):
    coverage = ended.result["coverage"]
    assert coverage["packets"]["captured"] > 2 * TOTAL
    assert coverage["packets"]["dropped"] == 0
    assert (coverage["ledger"]["unaccounted"], coverage["ledger"]["examples"]) == (0, [])
    assert coverage["ledger"]["unrecorded_bytes"] == 0
