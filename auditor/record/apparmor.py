"""An AppArmor profile that lets audit's interpreter make user namespaces, where unknown programs may not.

Not a confinement: everything else stays allowed, as it was without a profile.
"""

from __future__ import annotations

import sys
from pathlib import Path

_TEXT = """\
# Lets audit build its box on systems that give the user namespaces of unknown programs no rights
# (kernel.apparmor_restrict_unprivileged_userns=1: Ubuntu 23.10 and newer; AppArmor 4.0).
#
#   audit doctor --apparmor-profile | sudo tee /etc/apparmor.d/audit >/dev/null
#   sudo apparmor_parser --replace /etc/apparmor.d/audit
#
# It holds for whatever this interpreter runs{warning}
# To take it back:
#
#   sudo apparmor_parser --remove /etc/apparmor.d/audit && sudo rm /etc/apparmor.d/audit

abi <abi/4.0>,
include <tunables/global>

profile audit "{path}" flags=(unconfined) {{
  userns,

  include if exists <local/audit>
}}
"""
_SHARED = (
    ": every program of this Python gets that right.\n"
    "# For audit alone, install it with an interpreter of its own (`python3 -m venv --copies`)."
)
_OWN = ", which is audit's own environment."
_SPECIAL = frozenset('\\"*?[]{}^@')  # apparmor.d(5): globbing and variables


def profile(interpreter: Path | None = None) -> str:
    """The profile's text for an interpreter (default: this one), found as the kernel will: links followed."""
    interpreter = (interpreter or Path(sys.executable)).resolve()
    shared = interpreter.is_relative_to("/usr") or not interpreter.is_relative_to(Path(sys.prefix).resolve())
    path = "".join(f"\\{char}" if char in _SPECIAL else char for char in str(interpreter))
    return _TEXT.format(path=path, warning=_SHARED if shared else _OWN)
