"""Document starts, chat turns and ordinary tokens are derived from the tokenizer, whatever it is."""

from typing import Any

import pytest
from tokenizers import AddedToken, processors

from assessments.contracts import Refused
from gpu_tasks.runtime.text import TextCodec, document_start
from tests.tiny_models import tiny_tokenizer


def tokenizer_with(*special: str) -> Any:
    """A tiny tokenizer whose own end-of-document token is not special any more, with ``special`` ones added."""
    tokenizer = tiny_tokenizer()
    plain = type(tokenizer)(tokenizer_object=tokenizer.backend_tokenizer)
    plain.add_special_tokens({"additional_special_tokens": list(special)})
    return plain


def test_end_of_document_token_opens_a_document() -> None:
    found, policy = document_start(tiny_tokenizer())
    assert found == 0
    assert "<|endoftext|>" in policy


def test_token_the_tokenizer_itself_puts_in_front_wins() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    bos = tokenizer.convert_tokens_to_ids("<s>")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    assert document_start(tokenizer) == (bos, "put in front by the tokenizer itself")


def test_end_token_the_tokenizer_appends_is_not_a_document_start() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["</s>"]})
    end = tokenizer.convert_tokens_to_ids("</s>")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    assert document_start(tokenizer)[0] == 0


@pytest.mark.parametrize(
    ("content", "special", "opens"),
    [
        ("<|end_of_text|>", True, True),
        ("<|EndOfDocument|>", True, True),
        ("<|eod|>", True, True),
        ("<|eot_id|>", True, False),
        ("<|im_start|>", True, False),
        ("the end of text", True, False),
        ("<|end_of_doc|>", False, False),
    ],
)
def test_only_a_special_end_of_document_token_counts(content: str, special: bool, opens: bool) -> None:
    class Stub:
        added_tokens_decoder = {7: AddedToken(content, special=special)}  # noqa: RUF012

        def encode(self, text: str, add_special_tokens: bool) -> list[int]:
            return [3]

    assert (document_start(Stub())[0] == 7) is opens


def test_prefix_is_put_in_front_only_when_asked_for() -> None:
    codec = TextCodec(tiny_tokenizer(), 480)
    assert codec.encode("the store", prefix=True) == (0, *codec.encode("the store", prefix=False))
    assert 0 not in codec.encode("the store", prefix=False)


def test_text_round_trips_through_tokens() -> None:
    codec = TextCodec(tiny_tokenizer(), 480)
    text = "  naïve ‘quotes’ 北京 \n 12,5 <|endoftext|> n't ."
    assert codec.decode(codec.encode(text, prefix=False)) == text


def test_chat_turn_follows_the_template_up_to_the_assistant() -> None:
    codec = TextCodec(tiny_tokenizer(with_template=True), 480)
    assert codec.chat == "template"
    assert codec.decode(codec.encode_chat("hello")) == "<|turn|>user\nhello<|end|>\n<|turn|>assistant\n"


def test_base_model_gets_a_plain_frame() -> None:
    codec = TextCodec(tiny_tokenizer(), 480)
    assert codec.chat == "plain"
    assert codec.decode(codec.encode_chat("Why?")) == "<|endoftext|>Question: Why?\nAnswer:"


def test_default_of_several_templates_is_used() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = {"tool_use": "TOOL", "default": "[{{ messages[0]['content'] }}]"}
    assert TextCodec(tokenizer, 480).decode(TextCodec(tokenizer, 480).encode_chat("hi")) == "[hi]"
    tokenizer.chat_template = {"tool_use": "TOOL"}
    assert TextCodec(tokenizer, 480).chat == "plain"


def test_template_that_prints_the_date_gives_the_same_tokens_every_day() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{{ strftime_now('%d %b %Y') }}|{{ date_string }}|{{ messages[0]['content'] }}"
    codec = TextCodec(tokenizer, 480)
    assert codec.decode(codec.encode_chat("hi")) == "01 January 2025|01 January 2025|hi"


def test_template_that_fails_is_refused() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('system turn needed') }}"
    with pytest.raises(Refused, match="system turn needed"):
        TextCodec(tokenizer, 480).encode_chat("hi")


def test_random_tokens_are_ordinary_seeded_and_within_the_embedding() -> None:
    tokenizer = tokenizer_with("<|endoftext|>", "<new>")
    codec = TextCodec(tokenizer, 300)
    drawn = codec.random_tokens(50, 40, seed=4)
    flat = {token for row in drawn for token in row}
    assert flat.isdisjoint(tokenizer.all_special_ids)
    assert flat.isdisjoint(tokenizer.added_tokens_decoder)
    assert max(flat) < 300
    assert len(flat) > 250
    assert drawn == codec.random_tokens(50, 40, seed=4) != codec.random_tokens(50, 40, seed=5)
    assert all(type(token) is int for token in drawn[0])
