"""Model registries: nothing can be downloaded, and they say so in their own words.

Clients read the error headers: without them they retry, or blame the network.
"""

from __future__ import annotations

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always
from auditor.internet.services.contract import as_json

HUB = ("huggingface.co", "*.huggingface.co", "hf.co", "*.hf.co", "hf-mirror.com")


def _missing(code: str, message: str, *, status: int = 404) -> Reply:
    """The hub's way of saying no: the reason is in X-Error-Code."""
    headers = (("X-Error-Code", code), ("X-Error-Message", message))
    return as_json({"error": message}, status=status, headers=headers)


def ollama_manifest(_request: Request) -> Reply:
    """The container registry's error document (OCI distribution specification, error codes)."""
    error = {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": {}}
    return as_json({"errors": [error]}, status=404)


HUB_SERVICES = (
    Service(name="huggingface-telemetry", hosts=HUB, path=r"/api/telemetry/.*", reply=always(Reply())),
    Service(name="huggingface-harnesses", hosts=HUB, path=r"/api/agent-harnesses",
            reply=always(as_json({"standardEnvVars": [], "harnesses": {}}))),
    Service(name="huggingface-whoami", hosts=HUB, path=r"/api/whoami-v2",
            reply=always(_missing("", "Invalid credentials in Authorization header", status=401))),
    Service(name="huggingface-api", hosts=HUB, path=r"/api/(models|datasets|spaces)/?", methods=("GET",),
            reply=always(as_json([]))),
    Service(name="huggingface-api", hosts=HUB, path=r"/api/(models|datasets|spaces)/.+",
            reply=always(_missing("RepoNotFound", "Repository not found"))),
    Service(name="huggingface-resolve", hosts=HUB, path=r"/.+/(resolve|raw)/.+",
            reply=always(_missing("EntryNotFound", "Entry not found"))),
    Service(name="ollama-registry", path=r"/v2/.+/(manifests|blobs)/.+", reply=ollama_manifest),
    Service(name="object-store",
            hosts=("*.amazonaws.com", "*.blob.core.windows.net", "storage.googleapis.com"),
            methods=("GET", "HEAD"), reply=always(Reply(status=404)),
            path=r".*\.(onnx|gguf|bin|safetensors|pt|pth|tar\.gz|tgz|zip|whl|tiktoken)"),
)  # fmt: skip
