from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.internet.ca import make_ca
from auditor.sandbox.plan import SCRATCH_FOLDERS
from auditor.sandbox.plan import BoxPlan
from auditor.sandbox.plan import Folder
from auditor.sandbox.plan import Overlay
from auditor.sandbox.plan import TextFile
from auditor.sandbox.plan import Tmpfs
from auditor.sandbox.prepare import Wishes
from auditor.sandbox.prepare import plan_box
from auditor.sandbox.prepare import write_files

HOME = os.environ.get("HOME", "/")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(environ: dict[str, str] | None = None, **wishes) -> BoxPlan:
        return plan_box(
            Wishes(command=["app"], scratch=tmp_path / "scratch", **wishes), {"HOME": HOME, **(environ or {})}
        )

    return make


def targets(plan: BoxPlan, kind: type) -> set[str]:
    return {step.target for step in plan.mounts if isinstance(step, kind)}


@pytest.mark.parametrize(
    "name",
    ["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", "DOCKER_HOST", "HTTPS_PROXY",
     "https_proxy", "no_proxy", "SUDO_USER", "HOSTNAME", "SSH_CONNECTION", "TMUX"],
)  # fmt: skip
def test_doors_to_the_host_are_no_part_of_the_environment(plan, name):
    assert name not in plan({name: "x"}).environment


def test_the_rest_is_kept_and_the_user_is_another(plan):
    made = plan({"OPENAI_BASE_URL": "http://127.0.0.1:1", "USER": "ada", "LOGNAME": "ada", "TERM": "vt100"})
    assert made.environment["OPENAI_BASE_URL"] == "http://127.0.0.1:1"
    assert made.environment["USER"] == made.environment["LOGNAME"] == made.identity.user_name != "ada"
    assert (made.environment["HOME"], made.environment["TERM"]) == (HOME, "vt100")


def test_nothing_tells_that_it_is_watched(plan):
    made = plan()
    assert not [name for name in made.environment if "audit" in name.lower()]
    assert "audit" not in str(made.scratch.name).lower()


def test_each_plan_is_somebody_else(plan):
    one, two = plan().identity, plan().identity
    assert all(
        getattr(one, name) != getattr(two, name) for name in ("host_name", "machine_id", "user_name", "mac")
    )


def test_ordinary_users_need_a_namespace_and_root_does_not(plan, monkeypatch):
    for euid, needed in ((0, False), (1000, True)):
        monkeypatch.setattr(os, "geteuid", lambda euid=euid: euid)
        assert plan().user_namespace is needed


def test_under_sudo_the_app_runs_as_the_user_who_called(plan, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = plan({"SUDO_UID": "65534", "SUDO_GID": "65533"})
    assert (made.uid, made.gid, made.user_namespace) == (65534, 65533, False)
    assert plan({"SUDO_UID": "no number"}).uid == 0


def test_working_directory_home_and_tmp_are_recorded(plan, tmp_path):
    recorded = {layer.mount for layer in plan().layers}
    for wanted in (tmp_path, Path(HOME), Path("/tmp"), Path("/var/tmp")):
        real = os.path.realpath(wanted)
        assert any(real == tree or real.startswith(tree + "/") for tree in recorded), (real, recorded)


def test_more_can_be_written_and_our_own_is_hidden(plan, tmp_path):
    (tmp_path / "evidence").mkdir()
    made = plan(writable=[Path("/usr/local")], hidden=[tmp_path / "evidence", tmp_path / "not-there"])
    assert "/usr/local" in {layer.mount for layer in made.layers}
    assert os.path.realpath(tmp_path / "evidence") in targets(made, Tmpfs)
    assert os.path.realpath(tmp_path / "not-there") not in targets(made, Tmpfs)


def test_offline_there_is_no_way_out(plan):
    assert (plan().network.default_route, plan(offline=True).network.default_route) == (True, False)


def test_the_files_that_the_mounts_show_are_written(plan, tmp_path):
    made = plan()
    for folder in ("", *SCRATCH_FOLDERS):
        (made.scratch / folder).mkdir()
    authority = make_ca()
    assert write_files(made, authority.certificate_pem, authority.subject) == ()
    sources = {step.target: Path(step.source) for step in made.mounts if isinstance(step, TextFile)}
    assert sources
    assert all(path.is_file() for path in sources.values())
    assert sources["/etc/resolv.conf"].read_text() == "nameserver 192.168.77.1\n"
    assert made.identity.user_name in sources["/etc/passwd"].read_text()
    bundles = [path for target, path in sources.items() if target.endswith((".pem", ".crt"))]
    assert bundles
    for path in bundles:
        roots = path.read_bytes()
        assert roots.endswith(authority.certificate_pem)
        assert roots.count(b"BEGIN CERTIFICATE") > 50  # the real ones are there too


def test_nothing_is_written_or_made_by_planning(plan, tmp_path):
    made = plan()
    assert list(tmp_path.iterdir()) == []
    assert targets(made, Folder)
    assert all(step.upper == "" or Path(step.upper).is_relative_to(made.scratch)
               for step in made.mounts if isinstance(step, Overlay))  # fmt: skip
