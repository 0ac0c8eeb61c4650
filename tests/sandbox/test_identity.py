from __future__ import annotations

import os

from auditor.sandbox.identity import hardware_files
from auditor.sandbox.identity import hardware_shown
from auditor.sandbox.identity import identity_files
from auditor.sandbox.identity import make_identity
from auditor.sandbox.identity import passwd_with

_ACCOUNTS = "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000:Anna Ek,,,:/home/anna:/bin/sh\n"


def test_every_box_is_somebody_else() -> None:
    made = [make_identity() for _ in range(50)]
    for name in ("host_name", "machine_id", "user_name", "mac"):
        assert len({getattr(identity, name) for identity in made}) == 50
        assert all(len(getattr(identity, name)) >= 6 for identity in made)


def test_the_user_is_renamed_and_the_full_name_dropped() -> None:
    text = passwd_with(_ACCOUNTS, 1000, "tokuni41")
    assert "\nanna:" not in text
    assert "Anna" not in text
    assert "tokuni41:x:1000:1000::/home/anna:/bin/sh" in text


def test_root_can_still_be_found_by_name() -> None:
    lines = passwd_with(_ACCOUNTS, 0, "tokuni41").splitlines()
    assert lines[0].startswith("tokuni41:x:0:0:")
    assert lines[1].startswith("root:x:0:0:")


def test_files_agree_with_each_other() -> None:
    identity = make_identity()
    files = identity_files(identity, 0)
    assert files["/etc/hostname"].strip() == identity.host_name
    assert f"127.0.1.1\t{identity.host_name}\n" in files["/etc/hosts"]


def test_hardware_is_somebody_elses_where_it_is_shown() -> None:
    paths = (
        "/proc/sys/kernel/random/boot_id",
        "/sys/class/dmi/id/product_uuid",
        "/sys/class/dmi/id/board_serial",
    )
    identity = make_identity(paths)
    files = hardware_files(identity)
    assert tuple(files) == paths
    assert [len(text.strip()) for text in files.values()] == [36, 36, 12]
    assert files != hardware_files(make_identity(paths))
    bare = make_identity()
    assert (bare.serial, bare.product, bare.boot_id, hardware_files(bare)) == ("", "", "", {})


def test_what_the_kernel_keeps_from_a_user_is_not_shown_to_him() -> None:
    shown = hardware_shown(12345)
    assert "/proc/sys/kernel/random/boot_id" in shown
    assert all(os.stat(path).st_mode & 0o004 for path in shown)
    assert set(shown) <= set(hardware_shown(0))
