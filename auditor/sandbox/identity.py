"""The honey identity of the box: host name, machine id, user name, MAC address, serial numbers, boot id.

Not the search for it: these values become canaries, and `auditor.classify` looks for them.
"""

from __future__ import annotations

import glob
import os
import secrets
import stat
import uuid
from pathlib import Path

from auditor.sandbox.plan import IdentityPlan

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BOOT = "/proc/sys/kernel/random/boot_id"
_PRODUCT = "/sys/class/dmi/id/product_uuid"
_SERIALS = (
    "/sys/class/dmi/id/*_serial",
    "/sys/class/nvme/*/serial",
    "/sys/block/*/device/serial",
    "/sys/firmware/devicetree/base/serial-number",
)


def hardware_shown(uid: int) -> tuple[str, ...]:
    """Files in which the kernel shows a user what tells this machine from all others."""
    paths = [_BOOT, _PRODUCT, *(path for pattern in _SERIALS for path in sorted(glob.glob(pattern)))]
    return tuple(path for path in paths if _readable(path, uid))


def _readable(path: str, uid: int) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and (uid == 0 or bool(mode & stat.S_IROTH))


def make_identity(hardware: tuple[str, ...] = ()) -> IdentityPlan:
    """A fresh identity that looks like an ordinary desktop's.

    Args:
        hardware: Files of the kernel's that are to show it too, by `hardware_shown`.
    """
    serials = set(hardware) - {_BOOT, _PRODUCT}
    return IdentityPlan(
        host_name=f"{_word(3)}-{secrets.token_hex(3)}",
        machine_id=secrets.token_hex(16),
        user_name=f"{_word(4)}{secrets.randbelow(90) + 10}",
        mac=_mac(),
        serial="".join(secrets.choice(_DIGITS) for _ in range(12)) if serials else "",
        product=str(uuid.uuid4()) if _PRODUCT in hardware else "",
        boot_id=str(uuid.uuid4()) if _BOOT in hardware else "",
        hardware=hardware,
    )


def hardware_files(identity: IdentityPlan) -> dict[str, str]:
    """Content for each file of the kernel's that tells one machine from all others."""
    known = {_BOOT: identity.boot_id, _PRODUCT: identity.product}
    return {path: known.get(path, identity.serial) + "\n" for path in identity.hardware}


def passwd_with(original: str, uid: int, name: str) -> str:
    """`/etc/passwd` in which `uid` is called `name`.

    Root keeps its old line behind the new one: programs look `root` up by name.
    """
    lines = []
    for line in original.splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[2] == str(uid):
            lines.append(":".join([name, *fields[1:4], "", *fields[5:]]))
            if uid != 0:
                continue
        lines.append(line)
    return "\n".join(lines) + "\n"


def hosts_with(host_name: str) -> str:
    """`/etc/hosts` of a machine called `host_name`, in Debian's form."""
    return (
        "127.0.0.1\tlocalhost\n"
        f"127.0.1.1\t{host_name}\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n"
    )


def identity_files(identity: IdentityPlan, uid: int) -> dict[str, str]:
    """Content for each file of `/etc` that tells who the machine is."""
    files = {
        "/etc/hostname": identity.host_name + "\n",
        "/etc/hosts": hosts_with(identity.host_name),
        "/etc/machine-id": identity.machine_id + "\n",
        "/var/lib/dbus/machine-id": identity.machine_id + "\n",
    }
    accounts = Path("/etc/passwd")
    if accounts.is_file():  # a container without accounts has no name to hide
        files["/etc/passwd"] = passwd_with(accounts.read_text(), uid, identity.user_name)
    return files


def _word(syllables: int) -> str:
    return "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(syllables))


def _mac() -> str:
    # A unicast, globally administered address as hardware has it; the vendor part is Intel's.
    return "3c:fd:fe:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
