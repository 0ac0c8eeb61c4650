"""What every test shares: the tool as a process, and the rule that a suite without box tests has not passed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# The same examples every time; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

PROJECT = Path(__file__).resolve().parents[1]
APPS = PROJECT / "fixtures" / "apps"

_ran: dict[str, bool] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "box" in report.keywords and (report.when == "call" or report.outcome == "skipped"):
        _ran[report.nodeid] = report.outcome != "skipped"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A machine that can build no box must not look like one where all is well."""
    if exitstatus == 0 and _ran and not any(_ran.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nevery test that needs the box was skipped: this run proves nothing about it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command of the tool that has ended."""

    code: int
    """Negative when a signal ended it, as `subprocess` says it."""
    out: str
    err: str
    run: Path
    """The run directory that it was given."""

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.run / "result.json").read_text())

    @property
    def rules(self) -> set[str]:
        """Ids of the rules that found something."""
        return {finding["rule"] for finding in self.result["findings"]}

    @property
    def reasons(self) -> str:
        return "\n".join(self.result["verdict"]["reasons"])

    @property
    def message(self) -> str:
        """What it said last on standard error, after the progress."""
        return self.err.rpartition("\naudit: ")[2] if "\naudit: " in self.err else self.err


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A command of the tool on its way."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def entries(self) -> list[dict[str, Any]]:
        """The journal so far."""
        path = self.run / "events.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Until it says something on standard error."""
        deadline = time.monotonic() + timeout_s
        while text not in self.err:
            assert time.monotonic() < deadline, f"never said {text!r}:\n{self.err}"
            if self.process.poll() is not None:
                self.end()  # which may know of a reason to skip
                raise AssertionError(f"ended before it said {text!r}:\n{self.err}")
            time.sleep(0.02)

    def end(self, timeout_s: float = 120, *, may_skip: bool = True) -> Ended:
        """Wait for its end; skips the test where no box can be built, unless that is what it tests."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end within {timeout_s} s:\n{self.err}") from None
        ended = Ended(code=code, out=(self.folder / "out").read_text(), err=self.err, run=self.run)
        if may_skip and code == 3 and "The box cannot be built" in ended.err:
            pytest.skip(ended.message)
        return ended


class Audit:
    """Starts `python -m auditor` in a process of its own, among the little apps."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory

    def environment(self, folder: Path) -> dict[str, str]:
        """Ours, with the tool importable and its state kept out of the home."""
        return {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_STATE_HOME": str(folder / "state"),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }

    def start(
        self,
        *arguments: object,
        cwd: Path = APPS,
        confined: tuple[object, ...] = (),
        blinded: str = "",
        **variables: str,
    ) -> Running:
        """Start a command.

        Args:
            arguments: `{run}` in them stands for a run directory that does not exist yet.
            cwd: Working directory.
            confined: What `smoke/confined.py` takes away from it.
            blinded: Which of its eyes `smoke/put_out.py` puts out.
            variables: Of its environment.
        """
        folder = self._factory.mktemp("audit")
        tool = [sys.executable, "-m", "auditor", *arguments]
        if blinded:
            tool = [sys.executable, PROJECT / "tests" / "smoke" / "put_out.py", blinded, "--", *arguments]
        if confined:
            tool = [sys.executable, PROJECT / "tests" / "smoke" / "confined.py", *confined, "--", *tool]
        words = [str(word).replace("{run}", str(folder / "run")) for word in tool]
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                # A shell without job control starts its background jobs deaf to Ctrl-C.
                ["env", "--default-signal=INT,HUP", *words],
                cwd=cwd, env=self.environment(folder) | variables, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
        return Running(process=process, folder=folder)

    def __call__(self, *arguments: object, cwd: Path = APPS, **variables: str) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments, cwd=cwd, **variables).end()

    def start_app(self, *app: object, options: tuple[object, ...] = ()) -> Running:
        """Begin an audit of one of the little apps: its file name and arguments."""
        command = (sys.executable, "-B", *app)
        return self.start("run", "--out", "{run}", "--settle", 1, "--idle", 0.5, *options, "--", *command)

    def app(self, *app: object, options: tuple[object, ...] = ()) -> Ended:
        """A whole audit of one of the little apps, without the reference unless asked for."""
        return self.start_app(*app, options=("--no-reference", *options)).end()


@pytest.fixture(scope="session")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return Audit(tmp_path_factory)
