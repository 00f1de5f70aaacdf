"""A subject seen from outside: a text goes in, a text comes out. An endpoint is one; weights that lie here can be looked at in the same way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from assessments.contracts import SubjectSpec
from assessments.subject import Subject


class AskFailed(Exception):
    """One question had no answer after every retry; the message says why. The item is counted as errored."""


@dataclass(frozen=True)
class Reply:
    """An answer. ``logprob``: of its first token in nats, where it is given. ``model`` and ``fingerprint``: what the other side says answered."""

    text: str
    finish: str = ""
    model: str = ""
    fingerprint: str = ""
    logprob: float | None = None
    tokens: int = 0


@runtime_checkable
class TextSubject(Protocol):
    """Anything that answers."""

    spec: SubjectSpec

    def ask(self, prompt: str, max_tokens: int, chat: bool) -> Reply:
        """The answer to one text, as a chat turn or to be continued; ``AskFailed`` when there is none."""

    def environment(self) -> Mapping[str, Any]:
        """What is known of who answered, and how it was asked; attested with the result."""


class LocalText:
    """Weights that lie here, asked like an endpoint: greedy, one text at a time."""

    def __init__(self, subject: Subject) -> None:
        self.spec, self._subject = subject.spec, subject

    def ask(self, prompt: str, max_tokens: int, chat: bool) -> Reply:
        """See ``TextSubject``."""
        tokens = self._subject.encode_chat(prompt) if chat else self._subject.encode(prompt)
        answer = self._subject.generate([tokens], max_tokens, lambda count: None)[0]
        return Reply(self._subject.decode(answer), tokens=len(tokens) + len(answer))

    def environment(self) -> Mapping[str, Any]:
        """See ``TextSubject``."""
        facts = self._subject.facts
        return {**facts.environment, "dtype": facts.dtype, "device": facts.device, "asked": "weights here, greedy"}
