"""Text to tokens and back: document-start policy, chat turns, ordinary tokens. Derived from the tokenizer alone."""

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from jinja2 import TemplateError

from assessments.contracts import Refused
from assessments.subject import Tokens
from gpu_tasks.runtime.safetensors_source import default_template

END_OF_DOCUMENT = re.compile(r"\W*(end_?of_?(text|doc|document|file)|eod)\W*", re.IGNORECASE)
PLAIN_FRAME = "Question: {text}\nAnswer:"
FIXED_DATE = "01 January 2025"
"""Templates that print today's date would give other tokens tomorrow; they all see this one."""
FIXED_CLOCK = f"{{%- macro strftime_now(form) -%}}{FIXED_DATE}{{%- endmacro -%}}"


class TextCodec:
    """A tokenizer with one policy for document starts and chat turns."""

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        self.tokenizer = tokenizer
        self.vocab_size = vocab_size
        self.prefix_token, self.prefix_policy = document_start(tokenizer)
        self.template = default_template(tokenizer.chat_template)
        self.chat: Literal["template", "plain"] = "template" if self.template else "plain"

    @property
    def chat_policy(self) -> str:
        """How one user turn is written."""
        return "chat template of the tokenizer" if self.chat == "template" else f"no template: {PLAIN_FRAME!r}"

    def encode(self, text: str, prefix: bool) -> Tokens:
        """Ids of plain text, the document-start token in front when asked for and present."""
        ids = tuple(self.tokenizer.encode(text, add_special_tokens=False))
        return (self.prefix_token, *ids) if prefix and self.prefix_token is not None else ids

    def encode_chat(self, text: str) -> Tokens:
        """Ids of one user turn up to where the assistant begins."""
        if self.chat == "plain":
            return self.encode(PLAIN_FRAME.format(text=text), prefix=True)
        try:
            ids = self.tokenizer.apply_chat_template(
                [{"role": "user", "content": text}],
                chat_template=FIXED_CLOCK + self.template if "strftime_now" in self.template else self.template,
                add_generation_prompt=True,
                return_dict=False,
                date_string=FIXED_DATE,
            )
        except TemplateError as error:
            raise Refused(f"the tokenizer's chat template fails on a single user turn ({error}): correct the template or remove it") from error
        return tuple(ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of ``tokens``, special tokens included, spaces untouched."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def ordinary_ids(self) -> list[int]:
        """Ids the tokenizer can produce from plain text: no special and no added token, none beyond the embedding."""
        extra = set(self.tokenizer.all_special_ids) | set(self.tokenizer.added_tokens_decoder)
        return [index for index in range(min(len(self.tokenizer), self.vocab_size)) if index not in extra]

    def random_tokens(self, count: int, length: int, seed: int) -> list[Tokens]:
        """``count`` sequences of ``length`` ordinary ids, uniform under ``seed`` (PCG64)."""
        drawn = np.random.Generator(np.random.PCG64(seed)).choice(self.ordinary_ids(), size=(count, length))
        return [tuple(row) for row in drawn.tolist()]


def document_start(tokenizer: Any) -> tuple[int | None, str]:
    """The token that opens a document and where it comes from; ``(None, …)`` when the tokenizer has none."""
    plain, full = tokenizer.encode("a", add_special_tokens=False), tokenizer.encode("a", add_special_tokens=True)
    if full[0] != plain[0]:
        return int(full[0]), "put in front by the tokenizer itself"
    for index, token in sorted(tokenizer.added_tokens_decoder.items()):
        if token.special and END_OF_DOCUMENT.fullmatch(token.content):
            return int(index), f"end-of-document token {token.content} used as document start"
    return None, "the tokenizer has no document-start token"
