"""The pinned default model through the whole way: registry, wheel, GGUF, cache, adapter."""

import numpy as np
import pytest

from assessments.subject import Edit, Tick
from gpu_tasks.runtime.adapter import BridgeSubject
from gpu_tasks.runtime.sources import SourceFacts, default_cache, materialise
from tests.gpu_tasks.runtime.reference import Reference, adding

IOI = "When Mary and John went to the store, {} gave a drink to"


def test_facts_say_what_these_weights_are(default_facts: SourceFacts) -> None:
    assert default_facts.quantisation == "Q4_1, dequantised"
    assert (default_facts.architecture, default_facts.parameters) == ("LlamaForCausalLM", 134_515_008)
    assert default_facts.licence == "Apache-2.0"
    assert [row["sha256"] for row in default_facts.weights_manifest] == ["b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"]
    assert default_facts.template_digest
    assert default_facts.notes


def test_shape_and_policies(default_subject: BridgeSubject) -> None:
    facts = default_subject.facts
    assert (facts.n_layers, facts.n_heads, facts.d_model, facts.vocab_size, facts.parameters) == (30, 9, 576, 49152, 134_515_008)
    assert (facts.prefix_token, facts.chat) == (0, "template")


def test_chat_turn_is_the_models_own_format(default_subject: BridgeSubject) -> None:
    text = default_subject.decode(default_subject.encode_chat("Hello"))
    assert text.startswith("<|im_start|>system\n")
    assert text.endswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")


def test_digits_are_split_and_text_round_trips(default_subject: BridgeSubject) -> None:
    tokens = default_subject.encode("The year 1984 ended.", prefix=False)
    assert [default_subject.decode([token]) for token in tokens].count("9") == 1
    assert default_subject.decode(tokens) == "The year 1984 ended."


def test_it_answers_a_question(default_subject: BridgeSubject, tick: Tick) -> None:
    answer = default_subject.generate([default_subject.encode_chat("What is the capital of France?")], 12, tick)[0]
    assert "Paris" in default_subject.decode(answer)


def test_it_names_the_indirect_object(default_subject: BridgeSubject, tick: Tick) -> None:
    names = [default_subject.encode(name, prefix=False)[0] for name in (" Mary", " John")]
    items = [default_subject.encode(IOI.format(name)) for name in ("John", "Mary")]
    scores = default_subject.log_probs(items, names, tick)
    assert scores[0, 0] - scores[0, 1] > 2
    assert scores[1, 1] - scores[1, 0] > 2


def test_repeated_random_tokens_become_predictable(default_subject: BridgeSubject, tick: Tick) -> None:
    half = default_subject.random_tokens(2, 20, seed=0)
    losses = np.stack(default_subject.cross_entropy([(0, *row, *row) for row in half], tick))
    assert losses[:, :20].mean() > 10
    assert losses[:, 25:].mean() < 5


@pytest.mark.parametrize("layer", [12, 29])
def test_steering_from_the_cached_residual_equals_the_full_pass(default_subject: BridgeSubject, tick: Tick, layer: int) -> None:
    items = [*default_subject.random_tokens(2, 9, seed=1), default_subject.random_tokens(1, 14, seed=2)[0]]
    norm = default_subject.residual_norm(items, layer, tick)
    step = np.random.default_rng(0).normal(size=(2, 576)).astype(np.float32)
    step *= norm / np.linalg.norm(step, axis=1, keepdims=True)
    step[0] = 0
    found = default_subject.steered_log_probs(items, layer, step, [5, 600, 49151], tick)
    np.testing.assert_allclose(found[0], default_subject.log_probs(items, [5, 600, 49151], tick), atol=1e-5)
    np.testing.assert_allclose(found[1], default_subject.log_probs(items, [5, 600, 49151], tick, Edit("add", layer, step[1])), atol=2e-5)
    assert default_subject.happened()["not_resumable_layers"] == []


def test_adapter_equals_the_plain_library(default_subject: BridgeSubject, default_facts: SourceFacts, tick: Tick) -> None:
    reference = Reference(materialise(default_facts.spec(), default_cache()))
    item = default_subject.encode("It was the best of times, it was the")
    np.testing.assert_allclose(default_subject.log_probs([item], range(100), tick)[0], reference.log_probs(item)[:100], atol=1e-4)
    step = np.full(576, 0.5, np.float32)
    changed = reference.log_probs(item, [(reference.layers[20], adding(step))])[:100]
    np.testing.assert_allclose(default_subject.log_probs([item], range(100), tick, Edit("add", 20, step))[0], changed, atol=1e-4)


def test_batch_and_single_agree(default_subject: BridgeSubject, tick: Tick) -> None:
    items = default_subject.random_tokens(6, 11, seed=3)
    single = np.concatenate([default_subject.log_probs([item], [7, 8], tick) for item in items])
    np.testing.assert_allclose(default_subject.log_probs(items, [7, 8], tick), single, atol=2e-5)
