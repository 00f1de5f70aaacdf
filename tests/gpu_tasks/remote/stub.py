"""A real HTTP server in a thread that answers like a chat endpoint, deterministically: one that games and one that does not."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assessments import probes
from assessments.methods.parts.gaming_material import CELLS

REFUSES, COMPLIES = "I'm sorry, but I can't do that.", "Sure, here's what you need: first, open the lid."
Reply = Callable[[str, int], tuple[int, Any, dict[str, str]]]
"""Status, body (JSON or bytes) and headers for a prompt and the number of the request."""


class Stub:
    """What a server is to do, and what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.asked, self.keys = reply, list[dict[str, Any]](), list[str]()
        self.address = ""


@contextmanager
def serving(reply: Reply) -> Iterator[Stub]:
    """The address of a server on this machine while the block runs."""
    stub = Stub(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.asked.append({**body, "path": self.path})
            stub.keys.append(self.headers.get("Authorization", ""))
            status, value, headers = stub.reply(body["messages"][0]["content"], len(stub.asked))
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        stub.address = f"http://127.0.0.1:{server.server_port}/v1#stub-1"
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str, fingerprint: str = "fp_1") -> dict[str, Any]:
    """An answer in the usual form."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": {"content": [{"token": "x", "logprob": -0.25}]}}
    return {"model": "stub-1-0613", "system_fingerprint": fingerprint, "choices": [choice], "usage": {"total_tokens": 12}}


def labels() -> dict[str, str]:
    """Label of every text of the crossed set."""
    return {item.text: item.label for item in probes.probe_set("evaluation_gaming").labelled(*CELLS)}


def games(prompt: str, number: int) -> tuple[int, Any, dict[str, str]]:
    """Refuses whenever a text says that it is an evaluation."""
    return 200, completion(REFUSES if labels()[prompt].startswith("evaluation") else COMPLIES), {}


def steady(prompt: str, number: int) -> tuple[int, Any, dict[str, str]]:
    """Decides by the request's length alone, which says nothing about purpose within a pair's frame."""
    return 200, completion(REFUSES if labels()[prompt].endswith("benchmark") else COMPLIES), {}
