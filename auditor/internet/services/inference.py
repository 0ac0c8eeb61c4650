"""Cloud models: they answer in the words of a model, so that a fallback shows what it would have sent.

No model, and nothing of the prompt comes back: an echo would look like a leak in the other direction.
"""

from __future__ import annotations

from auditor.internet.services.contract import Reply
from auditor.internet.services.contract import Request
from auditor.internet.services.contract import Service
from auditor.internet.services.contract import always
from auditor.internet.services.contract import as_json
from auditor.internet.services.contract import events
from auditor.internet.services.contract import json_lines

SENTENCE = (
    "Thanks for the details. In short, it depends on your setup, but the approach you describe works well."
)
_MARKED = " A fitting name for it would be {mark}."
CREATED = 1767225600
USAGE = {"prompt_tokens": 24, "completion_tokens": 20, "total_tokens": 44}
DIMENSIONS = 1536
VECTOR = [round(0.01 * ((index * 37) % 19 - 9), 3) for index in range(DIMENSIONS)]
DEFAULT_MODEL = "gpt-4o-mini"
ENDED = {"done": True, "done_reason": "stop", "total_duration": 1200000000, "eval_count": 20}


def sentence(request: Request) -> str:
    """What a model says; with the run's mark in it, so that it can be told when somebody passes it on."""
    return SENTENCE + (_MARKED.format(mark=request.mark) if request.mark else "")


def words(request: Request) -> tuple[str, ...]:
    """The same as it is streamed."""
    return tuple(f"{word} " for word in sentence(request).split())


def _model(body: dict[str, object], fallback: str) -> str:
    """The name asked for: it is a setting, not a secret, and clients check it."""
    name = body.get("model")
    return name[:100] if isinstance(name, str) and name else fallback


def chat(request: Request) -> Reply:
    """OpenAI chat completions, whole or streamed."""
    body = request.json()
    head = {"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "created": CREATED}
    head["model"] = _model(body, DEFAULT_MODEL)
    if body.get("stream"):
        return _chat_stream({**head, "object": "chat.completion.chunk"}, words(request))
    message = {"role": "assistant", "content": sentence(request), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return as_json({**head, "object": "chat.completion", "choices": [choice], "usage": USAGE})


def _chat_stream(head: dict[str, object], said: tuple[str, ...]) -> Reply:
    def chunk(delta: dict[str, str], reason: str | None = None) -> tuple[str, object]:
        return "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    chunks = [chunk({"content": word}) for word in said]
    return events([chunk({"role": "assistant", "content": ""}), *chunks, chunk({}, "stop"), ("", "[DONE]")])


def completions(request: Request) -> Reply:
    """OpenAI text completions."""
    body = request.json()
    head = {"id": "cmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "text_completion", "created": CREATED}
    head["model"] = _model(body, DEFAULT_MODEL)
    choice = {"index": 0, "text": sentence(request), "logprobs": None, "finish_reason": "stop"}
    document = {**head, "choices": [choice], "usage": USAGE}
    return events([("", document), ("", "[DONE]")]) if body.get("stream") else as_json(document)


def responses(request: Request) -> Reply:
    """OpenAI responses, whole or streamed."""
    body = request.json()
    item = {
        "type": "message", "id": "msg_67ccd3acc8d48190a77525dc6de64b41", "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": sentence(request), "annotations": []}],
    }  # fmt: skip
    document = {
        "id": "resp_67ccd3a9da748190baa7f1570fe91ac6", "object": "response", "created_at": CREATED,
        "status": "completed", "model": _model(body, DEFAULT_MODEL), "output": [item],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": 24, "output_tokens": 20, "total_tokens": 44},
    }  # fmt: skip
    if not body.get("stream"):
        return as_json(document)
    begun = {**document, "status": "in_progress", "output": []}
    steps: list[tuple[str, dict[str, object]]] = [
        ("response.created", {"response": begun}),
        ("response.output_text.delta", {"output_index": 0, "content_index": 0, "delta": sentence(request)}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": document}),
    ]
    return events([(name, {"type": name, **value}) for name, value in steps])


def embeddings(request: Request) -> Reply:
    """OpenAI embeddings: one fixed vector for each input."""
    body = request.json()
    inputs = body.get("input")
    count = min(len(inputs), 2048) if isinstance(inputs, list) else 1
    data = [{"object": "embedding", "index": index, "embedding": VECTOR} for index in range(count)]
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    model = _model(body, "text-embedding-3-small")
    return as_json({"object": "list", "data": data, "model": model, "usage": usage})


OPENAI_MODELS = [
    {"id": name, "object": "model", "created": CREATED, "owned_by": "system"}
    for name in ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "text-embedding-3-small")
]


def anthropic(request: Request) -> Reply:
    """Anthropic messages, whole or streamed."""
    body = request.json()
    message: dict[str, object] = {
        "id": "msg_013Zva2CMHLNnXjNJJKqJ2EF", "type": "message", "role": "assistant",
        "model": _model(body, "claude-sonnet-4-5"), "content": [{"type": "text", "text": sentence(request)}],
        "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 24, "output_tokens": 20},
    }  # fmt: skip
    return _anthropic_stream(message, words(request)) if body.get("stream") else as_json(message)


def _anthropic_stream(message: dict[str, object], said: tuple[str, ...]) -> Reply:
    begun = {**message, "content": [], "stop_reason": None}
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    steps: list[tuple[str, dict[str, object]]] = [
        ("message_start", {"message": begun}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        *(
            ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word}})
            for word in said
        ),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": delta, "usage": {"output_tokens": 20}}),
        ("message_stop", {}),
    ]
    return events([(name, {"type": name, **value}) for name, value in steps])


def ollama(request: Request) -> Reply:
    """Ollama generate and chat: streamed unless told otherwise."""
    body = request.json()
    head = {"model": _model(body, "llama3.2"), "created_at": "2026-01-01T00:00:00Z"}
    chats = request.path.endswith("chat")

    def piece(text: str) -> dict[str, object]:
        return {"message": {"role": "assistant", "content": text}} if chats else {"response": text}

    if body.get("stream") is False:
        return as_json({**head, **piece(sentence(request)), **ENDED})
    chunks: list[object] = [{**head, **piece(word), "done": False} for word in words(request)]
    return json_lines([*chunks, {**head, **piece(""), **ENDED}])


def gemini(request: Request) -> Reply:
    """Gemini generateContent, whole or streamed."""
    content = {"parts": [{"text": sentence(request)}], "role": "model"}
    document = {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 24, "candidatesTokenCount": 20, "totalTokenCount": 44},
        "modelVersion": "gemini-2.5-flash",
    }
    if "streamGenerateContent" not in request.path:
        return as_json(document)
    return events([("", document)]) if request.parameter("alt") == "sse" else as_json([document])


OPENAI = r"(/api|/openai|/zen|/inference)?(/v\d\w*)?(/openai)?(/deployments/[^/]+)?"
"""Prefixes under which OpenAI-compatible providers keep the same paths."""

INFERENCE = (
    Service(name="openai-chat", path=OPENAI + r"/chat/completions", methods=("POST",), reply=chat),
    Service(name="openai-completions", path=OPENAI + r"/completions", methods=("POST",), reply=completions),
    Service(name="openai-responses", path=OPENAI + r"/responses", methods=("POST",), reply=responses),
    Service(name="openai-embeddings", path=OPENAI + r"/embeddings", methods=("POST",), reply=embeddings),
    Service(name="anthropic-messages", path=r"(/\w+)?/v1/messages", methods=("POST",), reply=anthropic),
    Service(name="anthropic-count", path=r"/v1/messages/count_tokens", methods=("POST",),
            reply=always(as_json({"input_tokens": 24}))),
    Service(name="openai-models", path=r"(/api)?/v1/models", methods=("GET",),
            reply=always(as_json({"object": "list", "data": OPENAI_MODELS, "has_more": False}))),
    Service(name="ollama", path=r"/api/(generate|chat)", methods=("POST",), reply=ollama),
    Service(name="ollama-embed", path=r"/api/embed", methods=("POST",),
            reply=always(as_json({"model": "nomic-embed-text", "embeddings": [VECTOR[:768]]}))),
    Service(name="ollama-embed", path=r"/api/embeddings", methods=("POST",),
            reply=always(as_json({"embedding": VECTOR[:768]}))),
    Service(name="ollama-tags", path=r"/api/(tags|ps)", methods=("GET",),
            reply=always(as_json({"models": []}))),
    Service(name="ollama-version", path=r"/api/version", methods=("GET",),
            reply=always(as_json({"version": "0.0.0"}))),
    Service(name="gemini", path=r"/v1\w*/(models|publishers/google/models)/[^/]+:(g|streamG)enerateContent",
            methods=("POST",), reply=gemini),
    Service(name="gemini-embed", path=r"/v1\w*/models/[^/]+:embedContent", methods=("POST",),
            reply=always(as_json({"embedding": {"values": VECTOR[:768]}}))),
)  # fmt: skip
