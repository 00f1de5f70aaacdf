"""A chat endpoint of the common kind (``POST …/chat/completions``) as a subject: asked at temperature 0, politely, and with a record of who answered."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from assessments.contracts import Refused, SubjectSpec
from assessments.text_subject import AskFailed, Reply
from core.pinned import Limits
from gpu_tasks.remote.wire import LIMITS, Answer, Policy, post

TRIES = 4
LONGEST_WAIT = 60.0
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
TELLING = 200
"""Characters of an error's text that are kept."""


@dataclass
class Endpoint:
    """``wait`` sleeps for so many seconds and lets a cancel through; ``seed`` goes along with every question."""

    spec: SubjectSpec
    policy: Policy
    seed: int
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    limits: Limits = LIMITS
    models: Counter[str] = field(default_factory=Counter)
    fingerprints: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    logprobs: int = 0
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._parts = urlsplit(self.spec.locator)
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname or not self._parts.fragment:
            raise Refused(f"“{self.spec.locator}” is no endpoint; it should read https://host/v1#model")

    def ask(self, prompt: str, max_tokens: int, chat: bool) -> Reply:
        """See ``TextSubject``; texts to be continued are put as a chat turn too, there being no other way in."""
        body = {
            "model": self._parts.fragment,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "temperature": 0,
            "seed": self.seed,
            "logprobs": True,
        }
        reply = self._reply(self._answer(json.dumps(body).encode()))
        self.models[reply.model] += 1
        self.fingerprints[reply.fingerprint] += 1
        self.logprobs += reply.logprob is not None
        return reply

    def environment(self) -> Mapping[str, Any]:
        """See ``TextSubject``. The names are what the other side says; nothing here can check them."""
        return {
            "device": "endpoint",
            "dtype": "not disclosed",
            "endpoint": f"{self._parts.scheme}://{self._parts.netloc}{self._parts.path}",
            "model_asked_for": self._parts.fragment,
            "models_that_answered": dict(sorted(self.models.items())),
            "system_fingerprints": dict(sorted(self.fingerprints.items())),
            "temperature": 0,
            "requests": self.requests,
            "retries": self.retries,
            "answers_with_logprobs": self.logprobs,
        }

    def _answer(self, body: bytes) -> Answer:
        """The first usable answer; waits between tries, longer each time or as long as the other side asks."""
        last = ""
        for attempt in range(TRIES):
            self._pace()
            self.requests += 1
            self.retries += attempt > 0
            try:
                found = post(self._parts, f"{self._parts.path.rstrip('/')}/chat/completions", body, self._headers(), self.policy, self.limits)
            except OSError as error:
                last = f"the endpoint cannot be reached: {error.strerror or error}"
                self._back_off(attempt, "")
                continue
            if found.status == 200:
                return found
            last = self._judge(found)
            self._back_off(attempt, found.headers.get("retry-after", ""))
        raise AskFailed(last)

    def _judge(self, found: Answer) -> str:
        """What a failed answer means: a fault of the set-up ends the run, anything passing is tried again, the rest is this item's error."""
        said = found.body[:TELLING].decode("utf-8", "replace")
        if found.status in (401, 403):
            raise Refused(f"{self._parts.hostname} refuses the key (status {found.status}); set it for this host in ASSAY_ENDPOINT_KEYS")
        if found.status == 404 or 300 <= found.status < 400:
            raise Refused(f"{self._parts.hostname} has no such address or model as “{self.spec.locator}” (status {found.status}); correct the version")
        if found.status not in RETRIED:
            raise AskFailed(f"status {found.status}: {said}")
        return f"status {found.status} after {TRIES} tries"

    def _reply(self, found: Answer) -> Reply:
        try:
            value = json.loads(found.body)
            choice = value["choices"][0]
            text = choice["message"]["content"] or ""
            scores = (choice.get("logprobs") or {}).get("content") or []
            return Reply(
                text=str(text),
                finish=str(choice.get("finish_reason") or ""),
                model=str(value.get("model") or "")[:TELLING],
                fingerprint=str(value.get("system_fingerprint") or "")[:TELLING],
                logprob=float(scores[0]["logprob"]) if scores else None,
                tokens=int((value.get("usage") or {}).get("total_tokens") or 0),
            )
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise AskFailed(f"the answer is not in the usual form ({type(error).__name__})") from error

    def _headers(self) -> dict[str, str]:
        key = self.policy.key_for(self._parts)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _pace(self) -> None:
        """Keep to the rate that was set."""
        now = self.clock()
        if now < self._next:
            self.wait(self._next - now)
        self._next = max(now, self._next) + 60.0 / self.policy.per_minute

    def _back_off(self, attempt: int, asked: str) -> None:
        if attempt + 1 < TRIES:
            self.wait(min(float(asked) if asked.isdigit() else 2.0**attempt, LONGEST_WAIT))
