"""Collectors of events, crashes and traces: they thank, so that the sender goes on as usual.

Not what was sent: the proxy writes that down before a service is asked.
"""

from __future__ import annotations

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always
from auditor.internet.services.contract import as_json
from auditor.internet.services.contract import as_text

NO_FLAGS = {
    "config": {"enable_collect_everything": True},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "flags": {},
    "errorsWhileComputingFlags": False,
    "sessionRecording": False,
    "supportedCompression": ["gzip", "gzip-js"],
    "toolbarParams": {},
    "isAuthenticated": False,
    "siteApps": [],
    "surveys": False,
}
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""One transparent pixel, as web beacons expect it."""
LANGSMITH_INFO = {
    "version": "0.10.0",
    "license_expiration_time": None,
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "scale_up_qsize_trigger": 1000,
        "scale_up_nthreads_limit": 16,
        "scale_down_nempty_trigger": 4,
        "size_limit": 100,
        "size_limit_bytes": 20971520,
    },
    "instance_flags": {},
}


def otlp(request: Request) -> Reply:
    """An empty export response in the encoding of the request (OTLP specification, OTLP/HTTP)."""
    if "json" in request.headers.get("content-type", ""):
        return as_json({"partialSuccess": {}})
    return Reply(headers=(("Content-Type", "application/x-protobuf"),))


GRPC_EMPTY = Reply(
    headers=(("Content-Type", "application/grpc"),),
    body=b"\0\0\0\0\0",
    trailers=(("grpc-status", "0"), ("grpc-message", "")),
)
"""One empty message: the success of most export calls."""

TELEMETRY = (
    Service(name="otlp", path=r".*/v1/(traces|metrics|logs)", methods=("POST",), reply=otlp),
    Service(name="grpc", path=r"/[a-z][\w.]*\.[A-Z]\w*/[A-Z]\w*", methods=("POST",),
            reply=always(GRPC_EMPTY)),
    Service(name="posthog", path=r"/(decide|flags|api/feature_flag/local_evaluation)/?",
            reply=always(as_json(NO_FLAGS))),
    Service(name="posthog", path=r"/(batch|capture|i/v0/e|e|engage|s|track)/?", methods=("POST",),
            reply=always(as_json({"status": 1}))),
    Service(name="posthog", hosts=("*posthog*",), path=r"/array/.*", reply=always(as_json(NO_FLAGS))),
    Service(name="sentry", path=r"/api/\d+/(envelope|store|security|minidump)/", methods=("POST",),
            reply=always(as_json({"id": "9ec79c33ec9942ab8353589fcb2e04dc"}))),
    Service(name="segment", path=r"/v1/(track|identify|page|screen|group|alias|batch|import|[tpigm])",
            hosts=("*segment*", "*rudderstack*", "*telemetry*", "*analytics*", "*rudder*"),
            methods=("POST",), reply=always(as_json({"success": True}))),
    Service(name="mixpanel", hosts=("*mixpanel*",), path=r"/(track|engage|import|groups).*",
            reply=always(as_text("1"))),
    Service(name="amplitude", hosts=("*amplitude*",), path=r"/(2/httpapi|batch|identify).*",
            reply=always(as_json({"code": 200, "events_ingested": 1}))),
    Service(name="google-analytics", hosts=("*google-analytics.com", "*analytics.google.com"),
            path=r"/(g/|mp/|debug/mp/)?collect", reply=always(Reply(status=204))),
    Service(name="datadog", hosts=("*datadoghq.*",), path=r"/api/v2/.*", methods=("POST",),
            reply=always(as_json({}, status=202))),
    # An answer without a collector would end the telemetry before it begins.
    Service(name="streamlit-config", hosts=("data.streamlit.io",), path=r"/metrics\.json",
            reply=always(as_json({"url": "https://events.data.streamlit.io/v1/collect"}))),
    Service(name="langsmith", path=r"(/api/v1)?/info", hosts=("*langchain.com",),
            reply=always(as_json(LANGSMITH_INFO))),
    Service(name="langsmith", path=r"(/api/v1)?/runs(/.*)?", hosts=("*langchain.com",),
            methods=("POST", "PATCH"), reply=always(as_json({"message": "Runs batch ingested"}, status=202))),
    Service(name="langfuse", path=r"/api/public/ingestion", methods=("POST",),
            reply=always(as_json({"successes": [], "errors": []}, status=207))),
    Service(name="beacon", path=r".*/(pixel|beacon|collect|ping|__utm)\.gif",
            reply=always(Reply(headers=(("Content-Type", "image/gif"),), body=GIF))),
    Service(name="collector", hosts=("*telemetry*", "*analytics*", "*metrics*", "*collector*", "events.*"),
            methods=("POST", "PUT"), reply=always(as_json({"success": True, "status": "ok"}))),
)  # fmt: skip
