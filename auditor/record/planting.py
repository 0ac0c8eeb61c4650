"""The canaries of one recording: what is planted where.

Not the search for them, and not the files that carry them: the box's identity is made by
`auditor.sandbox.identity`.
"""

from __future__ import annotations

from typing import Final

from auditor.model.canary import Canary
from auditor.model.canary import CanaryKind
from auditor.model.prompt import Prompt
from auditor.sandbox.plan import HoneyFile
from auditor.sandbox.plan import HoneyVariable
from auditor.sandbox.plan import IdentityPlan

_GENERIC_HOMES: Final = frozenset({"/root", "/home", "/nonexistent", "/home/user", "/home/ubuntu"})
"""Home directories that tell nobody apart."""


def prompt_canaries(prompts: tuple[Prompt, ...]) -> tuple[Canary, ...]:
    """One for each prompt that has a marker."""
    return tuple(
        Canary(
            id=prompt.canary,
            kind=CanaryKind.PROMPT,
            value=prompt.marker,
            planted_in=f"prompt {prompt.index}",
            context=prompt.text,
        )
        for prompt in prompts
        if prompt.marker
    )


def document_canaries(document: str) -> tuple[Canary, ...]:
    """The document, when the app is given one: each of its sentences betrays it."""
    one = Canary(id="document", kind=CanaryKind.DOCUMENT, value=document, planted_in="the document")
    return (one,) if document else ()


def cloud_canaries(mark: str) -> tuple[Canary, ...]:
    """What our stand-ins for cloud models say in each answer."""
    where = "the answers of stand-in cloud models"
    return (Canary(id="response-cloud", kind=CanaryKind.RESPONSE, value=mark, planted_in=where),)


def identity_canaries(identity: IdentityPlan, home: str) -> tuple[Canary, ...]:
    """Who the box says that it is, and the one thing that stays real: the home directory."""
    planted = [
        ("identity-hostname", identity.host_name, "host name"),
        ("identity-machine-id", identity.machine_id, "/etc/machine-id"),
        ("identity-user", identity.user_name, "user name"),
        ("identity-mac", identity.mac, "MAC address of eth0"),
    ]
    hardware = (
        ("identity-serial", identity.serial, "serial number of the machine and its disks"),
        ("identity-product", identity.product, "UUID of the machine"),
        ("identity-boot", identity.boot_id, "boot id"),
    )
    planted += [row for row in hardware if row[1]]
    home = home.rstrip("/")
    if home and home not in _GENERIC_HOMES:
        planted.append(("identity-home", home, "path of the home directory"))
    return tuple(
        Canary(id=name, kind=CanaryKind.IDENTITY, value=value, planted_in=where)
        for name, value, where in planted
    )


def honey_canaries(files: tuple[HoneyFile, ...], variables: tuple[HoneyVariable, ...]) -> tuple[Canary, ...]:
    """What nobody told the app of: the secret in each honey file and variable."""
    in_files = tuple(
        Canary(
            id=file.id,
            kind=CanaryKind.FILE,
            value=file.secret,
            planted_in=file.place,
            context=file.text,
        )
        for file in files
    )
    return in_files + tuple(
        Canary(id=one.id, kind=CanaryKind.ENV, value=one.value, planted_in=f"the variable {one.name}")
        for one in variables
    )
