from __future__ import annotations

import pytest

from auditor.judge.remedy import advice
from auditor.judge.remedy import load_remedies

ENTRY = b"""\
- product: Gradio
  match: {destination.domain: huggingface.co, url.path|contains: gradio}
  unless: {user_agent.original|startswith: other}
  remedy: set GRADIO_ANALYTICS_ENABLED=False.
"""


def test_the_switch_of_a_known_product_comes_before_the_general_advice():
    remedies, problems = load_remedies("remedies.yaml", ENTRY)
    record = {"destination.domain": "huggingface.co", "url.path": ("/", "/api/telemetry/gradio")}
    assert problems == []
    assert advice("Turn it off.", remedies, (record, record)) == (
        "Gradio: set GRADIO_ANALYTICS_ENABLED=False. Turn it off."
    )
    assert advice("Turn it off.", remedies, ({**record, "user_agent.original": "Other/1"},)) == "Turn it off."
    assert advice("Turn it off.", remedies, ({},)) == "Turn it off."


@pytest.mark.parametrize(
    ("data", "line", "part"),
    [
        (b"a: b", 1, "Expected a list"),
        (b"- word", 1, "Expected a map"),
        (ENTRY.replace(b"remedy", b"remedie"), 4, "Did you mean `remedy`?"),
        (ENTRY.replace(b"url.path", b"url.pth"), 2, "url.path"),
        (ENTRY.replace(b"unless: {user_agent.original|startswith: other}", b"unless: [x]"), 3, "A selection"),
        (b"- [", 2, "Not YAML"),
    ],
)
def test_mistakes_are_located(data, line, part):
    _, problems = load_remedies("remedies.yaml", data)
    assert [one for one in problems if one.mark.line == line and part in f"{one.text} {one.fix}"]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"destination.domain": "api.gradio.app", "url.path": "/pkg-version"}, "GRADIO_ANALYTICS_ENABLED=False"),
        ({"destination.domain": "huggingface.co", "url.path": "/api/agent-harnesses"}, "HF_HUB_DISABLE_TELEMETRY=1"),
        ({"destination.domain": "raw.githubusercontent.com", "url.path": "/BerriAI/litellm/main/x.json"}, "LITELLM_LOCAL_MODEL_COST_MAP=True"),
        ({"destination.domain": "api.smith.langchain.com", "url.path": "/runs/multipart"}, "LANGSMITH_TRACING"),
        ({"destination.domain": "telemetry.crewai.com", "destination.port": 4319}, "CREWAI_DISABLE_TELEMETRY=true"),
        ({"destination.domain": "eu.i.posthog.com", "url.path": "/batch/"}, "HAYSTACK_TELEMETRY_ENABLED=False"),
    ],
)  # fmt: skip
def test_the_bundled_switches_are_found(bundled, fields, part):
    assert part in advice("General.", bundled.remedies, (fields,))
