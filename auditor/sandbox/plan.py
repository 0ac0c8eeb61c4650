"""The box as data: what to mount, how to be called, which network to have.

Nothing is done here; `auditor.sandbox.mounts`, `network` and `init` act on a plan, and a dry run prints it.
Structs, not dataclasses, for the reason given in `auditor.model.observation`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec


class Bind(msgspec.Struct, frozen=True, kw_only=True):
    """Show `source` at `target`."""

    source: str
    target: str
    """Path inside the box."""
    read_only: bool = True
    optional: bool = False
    """Leave it out, silently, when the target does not exist."""


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """Show `lower` at the same path, with every change going to `upper`."""

    target: str
    """Path inside the box."""
    lower: tuple[str, ...]
    """Topmost first."""
    upper: str = ""
    """Empty for a read-only union of the lowers."""
    work: str = ""


class Tmpfs(msgspec.Struct, frozen=True, kw_only=True):
    """An empty file system in memory."""

    target: str
    options: str = "mode=755"
    read_only: bool = False
    optional: bool = False
    """Leave it out when the target is not there."""


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh `proc`, `sysfs` or `devpts` of the box's own namespaces."""

    kind: str
    target: str
    options: str = ""
    read_only: bool = False
    fallback: bool = False
    """Keep what is there already, and say so, when the kernel refuses a fresh one."""
    sealed: tuple[str, ...] = ()
    """Names below it that are made read-only."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """Make a directory (inside something of ours)."""

    target: str
    mode: int = 0o755


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Make a symbolic link (inside something of ours)."""

    target: str
    to: str


class TextFile(msgspec.Struct, frozen=True, kw_only=True):
    """Show a file with this content at `target`, whatever is there now."""

    target: str
    source: str
    """File on the host that holds the content; written before the mounts are made."""
    optional: bool = False
    """Keep what is there, and say so, when the kernel refuses the mount."""


MountStep = Bind | Overlay | Tmpfs | Kernel | Folder | Link | TextFile


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One writable tree of the box and where its changes are recorded."""

    mount: str
    """Path inside the box."""
    upper: str
    """Directory on the host that receives the changes."""
    lower: str
    """What the changes are relative to; empty for a tree that starts empty."""


class NetworkPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of the box's network; the gateway's end is ours alone."""

    app_interface: str = "eth0"
    gateway_interface: str = "gw0"
    app_mac: str
    gateway_mac: str
    app_ipv4: str = "192.168.77.23/24"
    gateway_ipv4: str = "192.168.77.1/24"
    subnet_ipv4: str = "192.168.77.0/24"
    app_ipv6: str = "fd77::23/64"
    gateway_ipv6: str = "fd77::1/64"
    default_route: bool = True
    """False in mode `offline`: connections are unreachable, like with a pulled cable."""
    tcp_port: int = 18080
    udp_port: int = 18053
    mark: int = 1
    table: int = 100

    @property
    def resolvers(self) -> tuple[str, ...]:
        """Addresses of the name servers that the box is told to use."""
        return tuple(each.partition("/")[0] for each in (self.gateway_ipv4, self.gateway_ipv6))


class IdentityPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Who the box says that it is; every value is a honey token."""

    host_name: str
    machine_id: str
    user_name: str
    mac: str
    serial: str = ""
    """Of the machine and its disks; empty when this machine shows none to the app's user."""
    product: str = ""
    """UUID of the machine (SMBIOS), empty likewise."""
    boot_id: str = ""
    """UUID of this start of the machine (random(4)), empty likewise."""
    hardware: tuple[str, ...] = ()
    """Files of the kernel's that show one of the last three in the box."""


class HoneyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that no program was told of."""

    id: str
    path: str
    """In the box; nothing of the user's lies there."""
    place: str
    """The same as a reader would write it: `~/.aws/credentials`."""
    text: str
    secret: str
    """The part of the text that is found nowhere else."""
    mode: int = 0o600


class HoneyVariable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the environment that no program was told of."""

    id: str
    name: str
    value: str


class BoxPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything needed to build one box."""

    scratch: Path
    """Our directory on the host for uppers, injected files and the new root; removed at the end."""
    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    """Further groups of the app's user, when we are another; else it keeps ours."""
    user_namespace: bool
    """False for root, who needs none."""
    identity: IdentityPlan
    network: NetworkPlan
    mounts: tuple[MountStep, ...]
    layers: tuple[Layer, ...]
    cwd: str
    environment: dict[str, str]
    browser_trust: bool = False
    """Whether an NSS database for Chromium is planted in the home."""
    ignored_paths: frozenset[str] = frozenset()
    """Paths that we planted in the box ourselves; no change of the app's."""
    honey_files: tuple[HoneyFile, ...] = ()
    honey_variables: tuple[HoneyVariable, ...] = ()
    notes: tuple[str, ...] = ()
    """What had to be left out, one sentence each: these reduce the assurance."""


ROOT: Final = "root"
"""Folder under `scratch` on which the new root is assembled."""
SCRATCH_FOLDERS: Final = (ROOT, "upper", "work", "fresh", "inject")
"""Everything that a plan and its carrying out put into `scratch`."""
