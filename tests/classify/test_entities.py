from __future__ import annotations

import pytest

from auditor.classify.entities import entity
from auditor.model.flow import Purpose


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("eu.i.posthog.com", "PostHog"),
        ("posthog.com", "PostHog"),
        ("notposthog.com", ""),
        ("posthog.com.evil.example", ""),
        ("o1.ingest.us.sentry.io", "Sentry"),
        ("chroma-onnx-models.s3.amazonaws.com", "Chroma"),
        ("somebody.s3.amazonaws.com", ""),
        ("raw.githubusercontent.com", "GitHub"),
        ("fonts.googleapis.com", "Google"),
        ("other.googleapis.com", "Google"),
        ("somebody.github.io", ""),
        ("a.b.workers.dev", ""),
        ("198.18.0.1", ""),
        ("fd77::1", ""),
        ("", ""),
        ("localhost", ""),
        ("com", ""),
    ],
)
def test_organisation(host, name):
    assert entity(host).name == name


def test_longest_suffix_wins():
    assert entity("api.smith.langchain.com").purpose is Purpose.TELEMETRY
    assert entity("python.langchain.com").purpose is Purpose.UNKNOWN
    assert entity("checkip.amazonaws.com").purpose is Purpose.PUBLIC_IP_LOOKUP
