"""Turns a command and its options into a box plan, and writes the files that the plan refers to.

The one module here that reads the host's environment; it starts nothing.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from auditor.sandbox import browsers
from auditor.sandbox import honey
from auditor.sandbox import java
from auditor.sandbox import layout
from auditor.sandbox import trust
from auditor.sandbox import uppers
from auditor.sandbox.identity import hardware_files
from auditor.sandbox.identity import hardware_shown
from auditor.sandbox.identity import identity_files
from auditor.sandbox.identity import make_identity
from auditor.sandbox.plan import BoxPlan
from auditor.sandbox.plan import IdentityPlan
from auditor.sandbox.plan import MountStep
from auditor.sandbox.plan import NetworkPlan
from auditor.sandbox.plan import Overlay
from auditor.sandbox.plan import TextFile

_GATEWAY_MAC: Final = "3c:fd:fe:00:00:01"
_DROPPED: Final = frozenset(
    {
        "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "XAUTHORITY",
        "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO",
        "DOCKER_HOST", "CONTAINER_HOST", "PULSE_SERVER", "PIPEWIRE_REMOTE", "TMUX", "STY", "NOTIFY_SOCKET",
        "LISTEN_FDS", "LISTEN_PID", "SSL_CERT_DIR", "SUDO_COMMAND", "SUDO_USER", "SUDO_UID", "SUDO_GID",
        "HOSTNAME", "HOST", "SSLKEYLOGFILE", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY",
    }
)  # fmt: skip
"""Doors to the host's services, and variables that tell who the host is."""
_PROXY_SUFFIX = "_proxy"
_ROOT_TREES = ("/etc", "/opt", "/srv", "/var/lib", "/var/cache", "/var/log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user asked for, as far as the box is concerned."""

    command: Sequence[str]
    scratch: Path
    writable: Sequence[Path] = ()
    hidden: Sequence[Path] = ()
    """Directories of ours that the app must not see."""
    gpu: bool = True
    offline: bool = False
    honey: bool = True
    """Lay honey files and set honey variables."""


def plan_box(wishes: Wishes, environ: Mapping[str, str] = os.environ) -> BoxPlan:
    """Decide everything about the box."""
    uid, gid = _app_user(environ)
    home = _home(uid, environ)
    cwd = os.getcwd()
    identity = make_identity(hardware_shown(uid))
    wanted = [home, cwd, "/tmp", environ.get("TMPDIR", "/tmp"), *map(str, wishes.writable)]
    if uid == 0:
        wanted += _ROOT_TREES
    mountinfo = Path("/proc/self/mountinfo").read_text()
    mounted = layout.mount_points(mountinfo)
    trees = layout.choose_trees(wanted, mounted)
    layers = layout.layers_for(trees, wishes.scratch)
    inject = wishes.scratch / "inject"
    texts = (*identity_files(identity, uid), "/etc/resolv.conf")
    browser = browsers.wanted(environ, Path(home))
    bundles = trust.find_bundles(wishes.command, dict(environ), Path(cwd), Path(home))
    mounts: list[MountStep] = [
        *layout.base_steps(layers, wishes.scratch, uid=uid, gid=gid, gpu=wishes.gpu),
        *layout.text_steps(texts, inject),
        *layout.text_steps(identity.hardware, inject, optional=True),
        *_trust_steps([*bundles, *java.find_stores(wishes.command, environ, Path(home))], inject),
        *layout.mask_steps(_host_sockets(), (*trees.overlays, *layout.FRESH_TREES, "/run", "/dev")),
        *layout.mask_steps(layout.mounted_sockets(mountinfo), (*layout.FRESH_TREES, "/run", "/dev")),
        *layout.hide_steps(wishes.hidden),
    ]
    free = partial(uppers.is_free, layers)
    pots = honey.files(os.path.realpath(home), identity.user_name, free) if wishes.honey else ()
    variables = honey.variables(environ) if wishes.honey else ()
    return BoxPlan(
        scratch=wishes.scratch,
        uid=uid,
        gid=gid,
        groups=_groups(uid, gid),
        user_namespace=os.geteuid() != 0,
        identity=identity,
        network=NetworkPlan(app_mac=identity.mac, gateway_mac=_GATEWAY_MAC, default_route=not wishes.offline),
        mounts=tuple(mounts),
        layers=layers,
        cwd=cwd,
        environment={
            **_environment(environ, identity, home, uid, bundles),
            **{each.name: each.value for each in variables},
        },
        browser_trust=browser,
        ignored_paths=uppers.made_folders(pots) | (browsers.planted_paths(home) if browser else frozenset()),
        honey_files=pots,
        honey_variables=variables,
        notes=tuple(f"Changes below {tree} are not recorded everywhere." for tree in trees.read_only),
    )


def write_files(
    plan: BoxPlan,
    certificate_pem: bytes,
    subject: Iterable[tuple[str, str]],
    database: browsers.Database | None = None,
) -> tuple[str, ...]:
    """Write everything that the plan's mounts show in the box.

    Args:
        plan: The box.
        certificate_pem: The run's certificate authority.
        subject: Its subject as (OID, value) pairs, for the name of its link.
        database: For browsers, where it is being made already.

    Returns:
        What could not be done, one sentence each: it reduces the assurance.

    Raises:
        OSError: the disk is full.
    """
    for layer in plan.layers:
        Path(layer.upper).mkdir(mode=0o700, exist_ok=True)
        (plan.scratch / "work" / Path(layer.upper).name).mkdir(mode=0o700, exist_ok=True)
        if not layer.lower:
            Path(layer.upper).chmod(0o1777)
    texts = {
        **identity_files(plan.identity, plan.uid),
        **hardware_files(plan.identity),
        "/etc/resolv.conf": f"nameserver {plan.network.gateway_ipv4.partition('/')[0]}\n",
    }
    for step in plan.mounts:
        if isinstance(step, TextFile):
            _write(Path(step.source), _content(step.target, texts, certificate_pem))
    folder = plan.scratch / "inject" / trust.CERTIFICATE_FOLDER.lstrip("/")
    certificate = folder / f"{trust.subject_hash(subject)}.0"
    _write(certificate, certificate_pem)
    owner = (plan.uid, plan.gid)
    uppers.lay(plan.layers, plan.honey_files, owner)
    if not plan.browser_trust:
        return ()
    try:
        if database is None:
            database = browsers.Database(plan.scratch)
            database.begin()
            database.trust(certificate_pem)
        browsers.plant(plan.layers, plan.environment["HOME"], database, owner)
    except OSError as error:
        return (f"Chromium does not trust the box's certificates ({error}).",)
    return ()


def _content(target: str, texts: Mapping[str, str], certificate_pem: bytes) -> bytes:
    """What the box sees at `target`: one of our texts, or else the certificates there with ours added."""
    if target in texts:
        return texts[target].encode()
    if java.is_store(target):
        return java.store_with(Path(target).read_bytes(), trust.system_roots(), certificate_pem)
    return trust.bundle_with(Path(target).read_bytes(), certificate_pem)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)


def _trust_steps(files: list[str], inject: Path) -> list[MountStep]:
    steps: list[MountStep] = []
    if Path(trust.CERTIFICATE_FOLDER).is_dir():
        ours = str(inject / trust.CERTIFICATE_FOLDER.lstrip("/"))
        steps.append(Overlay(target=trust.CERTIFICATE_FOLDER, lower=(ours, trust.CERTIFICATE_FOLDER)))
    steps += [TextFile(target=name, source=str(inject / name.lstrip("/"))) for name in files]
    return steps


def _host_sockets() -> tuple[str, ...]:
    table = Path("/proc/net/unix")
    return layout.socket_paths(table.read_text(errors="surrogateescape")) if table.is_file() else ()


def _app_user(environ: Mapping[str, str]) -> tuple[int, int]:
    """Ids that the app runs with: ours, or under sudo those of the user who called."""
    if os.geteuid() == 0 and environ.get("SUDO_UID", "").isdigit():
        return int(environ["SUDO_UID"]), int(environ.get("SUDO_GID", environ["SUDO_UID"]))
    return os.geteuid(), os.getegid()


def _groups(uid: int, gid: int) -> tuple[int, ...]:
    try:
        return tuple(os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)) if uid != os.geteuid() else ()
    except KeyError:  # a user without a name
        return (gid,)


def _home(uid: int, environ: Mapping[str, str]) -> str:
    if uid == os.geteuid() and environ.get("HOME"):
        return environ["HOME"]
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return "/"


def _environment(
    environ: Mapping[str, str], identity: IdentityPlan, home: str, uid: int, bundles: list[str]
) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _DROPPED and not name.lower().endswith(_PROXY_SUFFIX) and "\0" not in value
    }
    names = {"USER": identity.user_name, "LOGNAME": identity.user_name}
    system = next((name for name in trust.SYSTEM_BUNDLES if os.path.realpath(name) in bundles), "")
    return {
        **kept,
        **names,
        "HOME": home,
        "XDG_RUNTIME_DIR": f"/run/user/{uid}",
        "TERM": environ.get("TERM", "xterm-256color"),
        **(trust.trust_environment(system) if system else {}),
    }
