"""An app that names everything to deceive: nothing of it moves the cursor, reorders text or becomes markup."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.box

WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")


@pytest.fixture(scope="module")
def ended(audit):
    return audit.app("hostile_names.py", options=("--driver", "none"))


@pytest.fixture(scope="module")
def page(ended):
    return ended.run.joinpath("report.html").read_text()


def test_it_did_what_it_came_for(ended):
    result = ended.result
    names = str(result["flows"]) + str(result["lookups"]) + str(result["files"])
    for sign in ("onerror", "\\x1b", "\\u202e"):
        assert sign in names, sign
    assert any(flow["destination"]["domain"].startswith("xn--l-7sba6dbr") for flow in result["flows"])


def test_the_terminal_gets_text_alone(ended):
    for said in (ended.out, ended.err):
        assert [char for char in said if not char.isprintable() and char != "\n"] == []
        look_alikes = [line for line in said.splitlines() if re.search("[\u0400-\u04ff]", line)]
        assert [line for line in look_alikes if "xn--" not in line] == []


def test_the_page_has_no_sign_that_hides_or_reorders(page):
    assert [char for char in page if not char.isprintable() and char != "\n"] == []
    assert "xn--l-7sba6dbr.com" in page
    assert "<img" not in page
    assert "<script" not in page


@pytest.fixture(scope="module")
def browser():
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("no Chromium is installed")
    if subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace without a network can be made here")
    return binary


@pytest.mark.parametrize("policy", ["with its policy", "without its policy"])
def test_a_browser_finds_nothing_to_run(page, browser, tmp_path, policy):
    """Also when the page's own policy is taken away, so that only the escaping is left."""
    bare, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert count == 1
    if policy == "without its policy":
        page = bare
    (tmp_path / "report.html").write_text(page)
    dom = dump(browser, tmp_path, "report.html")
    assert title(dom) == title(page)
    assert "<img" not in dom
    assert "<script" not in dom
    assert not re.search(r"<[^>]* on(error|load|click)=", dom)


def title(text):
    return re.search("<title>[^<]*</title>", text)[0]


def test_that_browser_would_have_run_it(browser, tmp_path):
    (tmp_path / "page.html").write_text("<title>quiet</title><img src=x onerror=document.title=`pwned`>")
    assert title(dump(browser, tmp_path, "page.html")) == "<title>pwned</title>"


def dump(browser, folder, name):
    """The document as the browser has it in the end."""
    options = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=2000",
        f"--user-data-dir={folder}/profile",
    )
    done = subprocess.run(
        [*WITHOUT_NETWORK, browser, *options, "--dump-dom", f"file://{folder}/{name}"],
        capture_output=True, text=True, timeout=90, check=True, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    return done.stdout
