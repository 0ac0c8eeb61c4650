"""Every module with behaviour has its test file at the mirrored place, and no test file is an orphan."""

from __future__ import annotations

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = PROJECT / "auditor"
TESTS = PROJECT / "tests"

TESTED_WITH = {
    # Only run as processes of a box, from where no assertion comes back but what the box does.
    "sandbox.init": "sandbox/test_box.py",
    "sandbox.launch": "sandbox/test_box.py",
    "sandbox.network": "sandbox/test_box.py",
    # Only reachable through a whole QUIC conversation.
    "internet.quic.http3": "internet/quic/test_session.py",
    # Parts of the one process that watches system calls.
    "capture.calls": "capture/test_watcher.py",
    "capture.census": "capture/test_watcher.py",
    "capture.looks": "capture/test_watcher.py",
    "capture.tasks": "capture/test_watcher.py",
    "capture.watching": "capture/test_watcher.py",
    "kernel.notify": "capture/test_watcher.py",
    # The half of packets and files that only the kernel can feed.
    "capture.ring": "capture/test_packets.py",
    "capture.overlay": "capture/test_files.py",
    # Steps of one derivation, tested by what comes out of it.
    "classify.exchanges": "classify/test_case.py",
    "classify.ledger": "classify/test_case.py",
    "classify.runs": "classify/test_case.py",
    "classify.visibility": "classify/test_contacts.py",
    "classify.search.places": "classify/search/test_canaries.py",
    "model.coverage": "classify/test_controls.py",
    "model.frames": "classify/wire/test_frames.py",
    # Whole recordings.
    "record.observers": "smoke/test_quiet_apps.py",
    "record.proving": "smoke/test_blind_controls.py",
    "record.controls.conversing": "record/controls/test_clients.py",
    "record.controls.openers": "record/controls/test_sending.py",
    "record.controls.program": "record/controls/test_rounds.py",
    "record.controls.quic": "smoke/test_controls.py",
    "record.recording": "smoke/test_ending.py",
    "__main__": "cli/test_commands.py",
    "cli.ruling": "cli/test_commands.py",
    "cli.stages": "cli/test_commands.py",
    # The wire below the API, and the API above it.
    "http_exchange": "test_openai_api.py",
    # The internet in the box is asked as an app asks it: over its sockets.
    "internet.adapter.layers": "internet/test_internet.py",
    "internet.adapter.origin": "internet/test_internet.py",
    "internet.adapter.talk": "internet/test_internet.py",
    "internet.flows": "internet/test_internet.py",
    "internet.gateway": "internet/test_internet.py",
    "internet.stun": "internet/test_datagrams.py",
    "internet.timeserver": "internet/test_datagrams.py",
    **{
        f"internet.services.{name}": "internet/services/test_services.py"
        for name in ("contract", "hub", "inference", "telemetry", "updates", "web")
    },
    **{
        f"internet.dialogues.{name}": "internet/dialogues/test_dialogues.py"
        for name in ("contract", "files", "mail", "messages", "stores")
    },
}
"""Modules without a test file of their own, and where they are tested instead."""

BESIDE = ("smoke", "apps", "docs", "clients", "fuzz", "leaks", "escape")
"""Folders of tests that mirror no package: recordings of little apps, of real ones and of clients, the
documents, all parsers together, and programs that try to get out of the box."""
MORE = {"classify/search/test_chance.py", "reference/test_copying.py", "test_mirror.py"}
"""Tests of something else than a module: what chance can do, the shipped model, and this."""


def test_every_module_with_behaviour_has_a_test():
    missing = {module for module in modules() if not place_of(module).exists()} - TESTED_WITH.keys()
    assert sorted(missing) == []


def test_every_test_has_a_module():
    mirrored = {place_of(module) for module in modules(nouns=True)}
    known = mirrored | {TESTS / name for name in (*TESTED_WITH.values(), *MORE)}
    assert sorted(str(path.relative_to(TESTS)) for path in all_tests() if path not in known) == []


def test_no_exception_outlives_its_reason():
    known = modules()
    for module, instead in TESTED_WITH.items():
        assert module in known, f"{module} is gone, or has no behaviour any more"
        assert not place_of(module).exists(), f"{module} has a test of its own now"
        assert (TESTS / instead).exists(), f"{instead} is gone"
    assert all((TESTS / name).exists() for name in MORE)


def modules(*, nouns: bool = False) -> set[str]:
    """Dotted names below `auditor`; those without behaviour only with `nouns`."""
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py" and (nouns or behaves(path))
    }


def behaves(path: Path) -> bool:
    """Whether there is a function or method that does something."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(not is_declaration(node) for node in functions)


def is_declaration(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Only a docstring or `...`: a method of a protocol."""
    return all(isinstance(statement, ast.Expr) for statement in node.body)


def place_of(module: str) -> Path:
    *folders, name = module.split(".")
    return TESTS.joinpath(*folders, f"test_{name}.py")


def all_tests() -> list[Path]:
    return [path for path in TESTS.rglob("test_*.py") if path.relative_to(TESTS).parts[0] not in BESIDE]
