"""Clients that people's apps are made of: where each is, how it is told to send something, and who it then is."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PROGRAMS = HERE / "programs"
LIBRARIES = SimpleNamespace(
    environment="clients", packages=("requests", "httpx[http2]", "aiohttp", "urllib3", "uv")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that sends a note to `https://NAME.client.example`."""

    name: str
    command: tuple[str, ...] = ()
    executable: str = ""
    """Path of the process that connects."""
    in_body: bool = True
    """False for one that only asks."""
    missing: str = ""
    """Why it cannot be run here; empty when it can."""


def client(name: str, *arguments: str, program: str = "", connects: str = "", in_body: bool = True) -> Client:
    """A program on the path, or at a path of its own."""
    found = shutil.which(program or name)
    if found is None:
        return Client(name=name, missing=f"{program or name} is not installed")
    url = f"https://{name}.client.example/up"
    return Client(
        name=name, command=(found, *(word.replace("{url}", url) for word in arguments)),
        executable=os.path.realpath(connects or found), in_body=in_body,
    )  # fmt: skip


NAMES = (
    "curl", "wget", "node-fetch", "node-https", "git", "chromium", "java-oldest", "java-newest", "requests",
    "httpx", "aiohttp", "urllib3", "uv",
)  # fmt: skip
"""Every client that is tried."""


def find_clients() -> dict[str, Client]:
    """Each of `NAMES`, also those that are missing."""
    found = [
        client("curl", "-sS", "-H", "X-Note: {note}", "-d", "{note}", "{url}"),
        client("wget", "-qO-", "--header=X-Note: {note}", "--post-data={note}", "{url}"),
        client("node-fetch", str(PROGRAMS / "fetch.mjs"), "{url}", "{note}", program="node"),
        client("node-https", str(PROGRAMS / "https.mjs"), "{url}", "{note}", program="node"),
        _git(), _chromium(), *_javas(), *_from_wheels(),
    ]  # fmt: skip
    return {each.name: each for each in found}


def _git() -> Client:
    if shutil.which("git") is None:
        return Client(name="git", missing="git is not installed")
    folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    return client(
        "git", "-c", "http.extraHeader=X-Note: {note}", "ls-remote", "{url}.git",
        connects=f"{folder}/git-remote-https", in_body=False,
    )  # fmt: skip


def _chromium() -> Client:
    options = ["--headless", "--disable-gpu", "--user-agent={note}", "--user-data-dir={folder}/profile"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []  # which it refuses to have as root
    binary = next((path for path in ("/usr/lib/chromium/chromium",) if os.path.exists(path)), "")
    return client("chromium", *options, "--dump-dom", "file://{folder}/page.html", connects=binary)


def _javas() -> list[Client]:
    """The oldest and the newest that is here: their key stores have different formats."""
    names = ("java-oldest", "java-newest")
    homes = sorted(
        {path.resolve().parents[1] for path in Path("/usr/lib/jvm").glob("*/bin/javac")}, key=_version
    )
    if not homes:
        return [Client(name=name, missing="no JDK is installed") for name in names]
    words = ("-XX:TieredStopAtLevel=1", str(PROGRAMS / "Client.java"), "{url}", "{note}")
    made = [client(name, *words, program=f"{homes[-n]}/bin/java") for n, name in enumerate(names)]
    return made if len(homes) > 1 else [made[0], Client(name=names[1], missing="only one JDK is installed")]


def _version(home: Path) -> int:
    told = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text())
    return int(told[1]) if told else 0


def _from_wheels() -> list[Client]:
    """Python's libraries, and a program written in Rust."""
    libraries = ("requests", "httpx", "aiohttp", "urllib3")
    try:
        python = _environment()
    except subprocess.CalledProcessError as error:
        return [
            Client(name=name, missing=f"cannot be installed here: {error}") for name in (*libraries, "uv")
        ]
    script = str(PROGRAMS / "libraries.py")
    publish = (
        "publish",
        "--publish-url",
        "{url}",
        "-u",
        "me",
        "-p",
        "{note}",
        "--no-cache",
        "{folder}/note-1.0.tar.gz",
    )
    return [
        *(client(name, "-B", script, name, "{url}", "{note}", program=str(python)) for name in libraries),
        client("uv", *publish, program=str(python.parent / "uv")),
    ]


def _environment() -> Path:
    """Python of an environment with the libraries in it, installed once."""
    sys.path.insert(0, str(PROJECT / "fixtures" / "apps" / "real"))
    import audits

    sys.path.pop(0)
    folder = PROJECT / ".apps"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return audits.install(LIBRARIES, folder)


@pytest.fixture(scope="session")
def clients() -> dict[str, Client]:
    return find_clients()


@pytest.fixture(scope="session")
def sent(audit, clients):
    """One audit in which every client that is here sends the note."""
    programs = [f"{each.name}={json.dumps(each.command)}" for each in clients.values() if not each.missing]
    options = (
        "--no-reference",
        "--prompt",
        "please keep {canary} to yourself",
        "--settle",
        1,
        "--out",
        "{run}",
    )
    command = (sys.executable, "-B", PROGRAMS / "every.py", "{prompt}", *programs)
    return audit.start("run", *options, "--", *command).end(timeout_s=280)
