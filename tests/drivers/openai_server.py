"""A stand-in for an app's API: repeats the last word of what it was told. Run as text, with settings after it."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

PORT = 0
PREFIX = "/v1"
KEY = ""
CHAT = True
STREAM = True
DELAY = 0.0
LATE = 0.0
CONTEXT = 10_000
MODELS = ["embed-small", "talker"]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if KEY and self.headers.get("Authorization") != "Bearer " + KEY:
            self.reply(401, {"error": {"message": "Invalid key."}})
        elif self.path == PREFIX + "/models":
            self.reply(200, {"object": "list", "data": [{"id": name} for name in MODELS]})
        else:
            self.reply(404, {"detail": "Not Found"})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(DELAY)
        text = asked.get("prompt") or asked["messages"][-1]["content"]
        said = f"{asked['model']} heard {text}"
        if len(text) > CONTEXT:
            self.reply(400, {"error": {"code": 400, "message": "the request exceeds the context size."}})
        elif self.path == PREFIX + "/completions":
            self.reply(200, {"choices": [{"text": said}]})
        elif not CHAT or self.path != PREFIX + "/chat/completions":
            self.reply(404, {"detail": "Not Found"})
        elif asked.get("stream") and STREAM:
            self.stream(said)
        else:
            self.reply(200, {"choices": [{"message": {"role": "assistant", "content": said}}]})

    def stream(self, said):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in (said[:5], said[5:]):
            event = {"choices": [{"delta": {"content": piece}}]}
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\r\n\r\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    time.sleep(LATE)
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    print("listening", file=sys.stderr)
    server.serve_forever()
