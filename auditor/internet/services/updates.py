"""Update feeds: whatever runs, it is current.

The version is the lowest there is: a higher one made a program upgrade itself.
"""

from __future__ import annotations

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always
from auditor.internet.services.contract import as_json
from auditor.internet.services.contract import as_text

CURRENT = "0.0.0"
LONG_AGO = "2020-01-01T00:00:00Z"


def python_package(request: Request) -> Reply:
    """The package index's JSON document of one project."""
    name = request.path.split("/")[2]
    info = {"name": name, "version": CURRENT, "summary": "", "requires_python": None, "yanked": False}
    return as_json({"info": info, "releases": {CURRENT: []}, "urls": [], "last_serial": 1})


def python_simple(request: Request) -> Reply:
    """The package index's page of one project: no files (PEP 503, PEP 691)."""
    name = request.path.rstrip("/").rsplit("/", 1)[-1]
    if "json" in request.accept:
        document = {"meta": {"api-version": "1.1"}, "name": name, "files": [], "versions": []}
        return Reply(
            headers=(("Content-Type", "application/vnd.pypi.simple.v1+json"),),
            body=as_json(document).body,
        )
    return as_text(f"<!DOCTYPE html><html><body><h1>Links for {name}</h1></body></html>", "text/html")


def node_package(request: Request) -> Reply:
    """The node registry's document of one package, or of its latest version."""
    name = request.path.strip("/").replace("%2f", "/").replace("%2F", "/").removesuffix("/latest")
    version = {"name": name, "version": CURRENT, "dist": {"tarball": "", "shasum": ""}}
    if request.path.endswith("/latest"):
        return as_json(version)
    return as_json({"name": name, "dist-tags": {"latest": CURRENT}, "versions": {CURRENT: version}})


def github_release(request: Request) -> Reply:
    """One release, or a list of one."""
    release = {
        "id": 1, "tag_name": f"v{CURRENT}", "name": f"v{CURRENT}", "draft": False, "prerelease": False,
        "created_at": LONG_AGO, "published_at": LONG_AGO, "assets": [], "body": "",
        "html_url": f"https://github.com{request.path.removeprefix('/repos')}",
    }  # fmt: skip
    return as_json([release] if request.path.endswith(("/releases", "/tags")) else release)


LATEST = {
    "version": CURRENT, "latest": CURRENT, "latestVersion": CURRENT, "latest_version": CURRENT,
    "updateAvailable": False, "update_available": False, "releases": [], "platforms": {},
    "pub_date": LONG_AGO, "notes": "", "url": "",
}  # fmt: skip

UPDATES = (
    Service(name="pypi-json", path=r"/pypi/[^/]+(/[^/]+)?/json", methods=("GET", "HEAD"),
            reply=python_package),
    Service(name="pypi-simple", path=r"/simple/[^/]+/?", methods=("GET", "HEAD"), reply=python_simple),
    Service(name="npm", hosts=("registry.*",), path=r"/-/package/.+/dist-tags",
            reply=always(as_json({"latest": CURRENT}))),
    Service(name="npm", hosts=("registry.npmjs.*", "registry.yarnpkg.*", "npm.*"), path=r"/[^/].*",
            methods=("GET",), reply=node_package),
    Service(name="github-releases", hosts=("api.github.com",), path=r"/repos/[^/]+/[^/]+/(releases|tags).*",
            reply=github_release),
    Service(name="gradio-version", hosts=("api.gradio.app",), path=r"/pkg-version",
            reply=always(as_json({"version": CURRENT}))),
    # 204 is what desktop updaters understand as "nothing newer".
    Service(name="ollama-update", hosts=("ollama.com", "*.ollama.com"), path=r"/api/update",
            reply=always(Reply(status=204))),
    Service(name="update-feed", path=r".*/update/[^/]+/[^/]+/[^/]+", reply=always(Reply(status=204))),
    Service(name="chrome-update", hosts=("update.googleapis.com",), path=r"/service/update2(/json)?",
            reply=always(as_text(')]}\'\n{"response":{"protocol":"3.1","server":"prod","app":[]}}',
                                 "application/json"))),
    Service(name="release-list", path=r".*/(release|releases|versions|models\d*)\.json",
            reply=always(as_json([]))),
    Service(name="update-feed", methods=("GET", "HEAD"), reply=always(as_json(LATEST)),
            path=r".*/(update-check|check-update|updates?|latest|latest[-_]?version|versions?)(\.json|/)?"),
    Service(name="update-feed", path=r".*/latestVersion", reply=always(as_json(LATEST))),
    Service(name="price-map", hosts=("raw.githubusercontent.com",), reply=always(as_json({})),
            path=r".*/(model_prices_and_context_window|anthropic_beta_headers_config)\.json"),
)  # fmt: skip
