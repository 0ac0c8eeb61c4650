from __future__ import annotations

import gzip
import json

import pytest

from auditor.classify.case import classify
from auditor.classify.purpose import WORST_FIRST
from auditor.classify.purpose import purpose_of
from auditor.classify.purpose import shape
from auditor.classify.purpose import signatures
from auditor.classify.purpose import worst
from auditor.model.canary import CanaryKind
from auditor.model.flow import Purpose

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"

CASES = [
    ("telemetry", "POST", "https://a.some-app.example/batch/", {"api_key": "phc_x", "batch": [{"event": "run", "distinct_id": ID, "properties": {}}]}),
    ("telemetry", "POST", "https://r.some-app.example/", {"profile_id": ID, "events": [{"type": "track", "event": "eval", "properties": {"os": "linux"}}]}),
    ("telemetry", "POST", "https://x.example/", {"event": "launch", "props": {"n": 1}}),
    ("telemetry", "POST", "https://x.example/api/hello", {"install_id": ID, "app_version": "1.2", "gpu": "none"}),
    ("telemetry", "POST", "https://x.example/api/events", {"a": 1}),
    ("telemetry", "POST", "https://x.example:4319/v1/traces", b"\x0a\x10service.name"),
    ("telemetry", "POST", "https://x.example/ingest-otel", {"resourceSpans": []}),
    ("telemetry", "POST", "https://x.example/o.C/opentelemetry.proto.collector.trace.v1.TraceService/Export", b"\x00"),
    ("telemetry", "HEAD", "https://huggingface.co/api/telemetry/https%3A/api.gradio.app/gradio-initiated-analytics", b""),
    ("telemetry", "POST", "https://x.example/com.snowplowanalytics.snowplow/tp2", {"schema": "iglu:x", "data": []}),
    ("telemetry", "POST", "https://x.example/2/httpapi", {"api_key": "k", "events": [{"event_type": "x", "device_id": ID}]}),
    ("telemetry", "POST", "https://x.example/track", b"data=eyJldmVudCI6IngifQ%3D%3D"),
    ("telemetry", "POST", "https://x.example/v1/track", {"anonymousId": ID, "event": "x"}),
    ("telemetry", "POST", "https://x.example/g/collect?v=2&tid=G-1&cid=1", b""),
    ("telemetry", "GET", "https://x.example/matomo.php?idsite=1", b""),
    ("telemetry", "POST", "https://x.example/v1/rgstr", {"events": [], "statsigMetadata": {}}),
    ("telemetry", "POST", "https://api.smith.langchain.com/runs/multipart", b"--x"),
    ("telemetry", "GET", "https://api.smith.langchain.com/info", b""),
    ("telemetry", "POST", "https://cloud.langfuse.com/api/public/otel/v1/traces", b"x"),
    ("telemetry", "GET", "https://x.example/t.gif?e=1", b""),
    ("crash-report", "POST", "https://o1.ingest.example/api/42/envelope/", b"{}\n{}"),
    ("crash-report", "POST", "https://x.example/report", {"exception": {"values": []}, "platform": "python"}),
    ("crash-report", "POST", "https://x.example/crashes", b"MDMP"),
    ("cloud-inference", "POST", "https://x.example/v1/chat/completions", {"model": "m", "messages": []}),
    ("cloud-inference", "POST", "https://x.example/proxy", {"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
    ("cloud-inference", "POST", "https://x.example/v1/messages", {"model": "m", "messages": []}),
    ("cloud-inference", "POST", "https://x.example/v1beta/models/m:streamGenerateContent?alt=sse", {"contents": [{"parts": []}]}),
    ("cloud-inference", "POST", "https://x.example/api/generate", {"model": "m", "prompt": "p"}),
    ("cloud-inference", "POST", "https://api-atlas.nomic.ai/v1/embedding/text", {"texts": ["x"]}),
    ("update-check", "GET", "https://api.gradio.app/pkg-version", b""),
    ("update-check", "GET", "https://x.example/api/oss/latest-version", b""),
    ("update-check", "GET", "https://x.example/api/latestVersion", b""),
    ("update-check", "GET", "https://pypi.org/pypi/some-lib/json", b""),
    ("update-check", "GET", "https://api.github.com/repos/a/b/releases/latest", b""),
    ("update-check", "GET", "https://x.example/appcast.xml", b""),
    ("update-check", "GET", "https://x.example/meta/release.json", b""),
    ("update-check", "GET", "https://versions-prod.lmstudio.ai/update/linux/x64/0.4", b""),
    ("update-check", "GET", "https://apps.example/update-check", b""),
    ("update-check", "GET", "https://x.example/api/update?os=linux&arch=amd64", b""),
    ("remote-config", "GET", "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json", b""),
    ("remote-config", "GET", "https://data.streamlit.io/metrics.json", b""),
    ("remote-config", "GET", "https://huggingface.co/api/agent-harnesses", b""),
    ("remote-config", "POST", "https://a.x.example/flags/?v=2", {"token": "phc", "distinct_id": ID}),
    ("remote-config", "POST", "https://x.example/v1/initialize", {"user": {}}),
    ("remote-config", "GET", "https://x.example/api/feature-flags", b""),
    ("model-registry", "GET", "https://registry.ollama.ai/v2/library/tinyllama/manifests/latest", b""),
    ("model-registry", "GET", "https://huggingface.co/api/models/a/b", b""),
    ("model-registry", "GET", "https://gpt4all.io/models/models3.json", b""),
    ("model-registry", "GET", "https://models.opencode.ai/api.json", b""),
    ("model-registry", "GET", "https://ollama.com/api/experimental/model-recommendations", b""),
    ("model-download", "HEAD", "https://huggingface.co/a/b/resolve/main/config.json", b""),
    ("model-download", "GET", "https://x.example/files/m-Q4_K_M.gguf", b""),
    ("model-download", "GET", "https://chroma-onnx-models.s3.amazonaws.com/all-MiniLM-L6-v2/onnx.tar.gz", b""),
    ("model-download", "GET", "https://gpt4all.io/models/gguf/orca.gguf", b""),
    ("web-search", "GET", "https://html.duckduckgo.com/html/?q=weather", b""),
    ("web-search", "POST", "https://x.example/api/web_search", {"query": "x"}),
    ("web-search", "GET", "https://x.example/search?q=weather", b""),
    ("account", "POST", "https://x.example/oauth/token", {"grant_type": "x"}),
    ("account", "GET", "https://huggingface.co/api/whoami-v2", b""),
    ("licence", "POST", "https://license.n8n.io/v1/renew", {"key": "x"}),
    ("licence", "POST", "https://x.example/api/license/check", {"key": "x"}),
    ("asset-cdn", "GET", "https://fonts.googleapis.com/css2?family=Inter:wght@400", b""),
    ("asset-cdn", "GET", "https://cdn.jsdelivr.net/npm/katex@0.16.22/dist/katex.min.css", b""),
    ("asset-cdn", "GET", "https://x.example/a/b.woff2", b""),
    ("connectivity-check", "GET", "http://x.example/generate_204", b""),
    ("public-ip-lookup", "GET", "http://checkip.amazonaws.com/", b""),
    ("public-ip-lookup", "GET", "https://api.ipify.org/", b""),
    ("public-ip-lookup", "GET", "https://ipinfo.io/json", b""),
    ("package-registry", "GET", "https://r.example/@some-ai%2fplugin", b""),
    ("package-registry", "GET", "https://x.example/simple/requests/", b""),
    ("package-registry", "GET", "http://deb.example/debian/dists/stable/InRelease", b""),
    ("unknown", "GET", "https://x.example/", b""),
    ("unknown", "POST", "https://x.example/rpc", {"jsonrpc": "2.0", "params": []}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "method", "url", "body"), CASES)
def test_purpose_by_shape(expected, method, url, body):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    assert purpose_of(shape(method, url, (), data)) == expected


def test_canaries_come_before_the_shape():
    request = shape("POST", "https://x.example/v1/traces", (), b"")
    assert purpose_of(request, [CanaryKind.IDENTITY]) is Purpose.TELEMETRY
    assert purpose_of(request, [CanaryKind.RESPONSE]) is Purpose.RESPONSE_LEAK
    assert purpose_of(request, [CanaryKind.RESPONSE, CanaryKind.PROMPT]) is Purpose.PROMPT_LEAK


def test_npm_client_is_known_by_its_headers():
    headers = (("Accept", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"),)
    assert purpose_of(shape("GET", "https://r.example/left-pad", headers, b"")) is Purpose.PACKAGE_REGISTRY


def test_compressed_body_is_read_for_its_shape(run):
    flow = run.flow("10.1")
    body = gzip.compress(json.dumps({"event": "x", "properties": {"a": 1}}).encode())
    run.request(flow, "https://x.example/", body, headers=(("Content-Encoding", "gzip"),))
    assert classify(run.seal()).flows[0].purpose is Purpose.TELEMETRY


def test_flow_is_named_after_its_worst_request(run):
    flow = run.flow("10.1")
    run.request(flow, "https://x.example/a.js", method="GET")
    run.request(flow, "https://x.example/api/events", b"{}")
    [one] = classify(run.seal()).flows
    assert [request.purpose for request in one.requests] == ["asset-cdn", "telemetry"]
    assert one.purpose is Purpose.TELEMETRY


def test_a_conversation_with_a_name_server_is_for_names_alone(run):
    by_http = run.flow("10.1")
    run.request(by_http, "https://dns.example/dns-query", b"question", served_by="doh")
    dot = run.flow("10.1", "192.0.2.53", 853)
    run.close(dot, "dot")
    smuggler = run.flow("10.1", "192.0.2.54", 53)
    run.stream(smuggler, b"no question")
    run.close(smuggler, "dns")
    purposes = {one.id: one.purpose for one in classify(run.seal()).flows}
    assert purposes == {by_http: "dns-only", dot: "dns-only", smuggler: "unknown"}


def test_opaque_flow_is_named_after_its_host(run):
    run.lookup("10.1", "us.i.posthog.com", "198.18.0.5")
    flow = run.flow("10.1")
    run.tls(flow, "us.i.posthog.com", established=False, failed="unknown ca")
    [one] = classify(run.seal()).flows
    assert (one.purpose, one.entity) == (Purpose.TELEMETRY, "PostHog")


def test_every_purpose_has_a_rank_and_every_row_loads():
    assert set(WORST_FIRST) == set(Purpose)
    assert worst([]) is Purpose.UNKNOWN
    assert len(signatures()) > 80


def test_broken_url_and_deep_json_do_no_harm():
    assert purpose_of(shape("GET", "http://[", (), b"[" * 100_000)) is Purpose.UNKNOWN
