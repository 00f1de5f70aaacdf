"""From a verified safetensors directory to a ``BridgeSubject``; weights are checked once more as they lie in memory."""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from assessments.contracts import Refused, SubjectSpec
from assessments.subject import SubjectFacts
from gpu_tasks.runtime.adapter import Boot, BridgeSubject
from gpu_tasks.runtime.environment import describe, settle
from gpu_tasks.runtime.passes import Engine
from gpu_tasks.runtime.text import TextCodec

DTYPE = torch.float32

# The library's own signatures are incomplete.
CausalModel: Any = AutoModelForCausalLM

library_log: Any = transformers_logging
library_log.set_verbosity_error()
library_log.disable_progress_bar()


@dataclass(frozen=True)
class _Parts:
    directory: Path
    config: Any
    tokenizer: Any
    device: torch.device


def load_directory(directory: Path, spec: SubjectSpec, *, threads: int = 1, max_batch: int = 32) -> BridgeSubject:
    """Load the model in ``directory`` on CUDA when present, else on the CPU with ``threads``; ``Refused`` names what is wrong with it."""
    device = settle(threads)
    parts = _Parts(directory, load_config(directory), load_tokenizer(directory), device)
    model = load_weights(directory)
    check_tokenizer_fits(parts.tokenizer, model)
    parameters = int(model.num_parameters())
    engine = _boot(parts, model)
    config = engine.bridge.cfg
    text = TextCodec(parts.tokenizer, int(model.get_input_embeddings().weight.shape[0]))
    facts = SubjectFacts(
        architecture=type(model).__name__,
        n_layers=engine.n_layers,
        n_heads=int(config.n_heads),
        d_model=int(config.d_model),
        vocab_size=text.vocab_size,
        parameters=parameters,
        dtype="float32",
        device=device.type,
        threads=threads,
        prefix_token=text.prefix_token,
        chat=text.chat,
        random_weights=False,
        environment={**describe(device, threads, max_batch), "document_start": text.prefix_policy, "chat": text.chat_policy},
    )
    boot = Boot(
        engine=lambda: engine,
        copy=lambda: _boot(parts, load_weights(directory)),
        twin=lambda seed: _twin(parts, seed),
        end_tokens=end_tokens(parts.tokenizer, model),
        context=int(config.n_ctx),
    )
    return BridgeSubject(spec, facts, text, boot, max_batch)


def load_config(directory: Path) -> Any:
    """The model's configuration, never running code that comes with it."""
    try:
        return AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    except (ValueError, KeyError, OSError) as error:
        raise Refused(f"{directory.name}/config.json does not describe a model that can be loaded ({_first_line(error)})") from error


def load_tokenizer(directory: Path) -> Any:
    """The tokenizer in ``directory``, never running code that comes with it."""
    try:
        return AutoTokenizer.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    except (ValueError, KeyError, OSError, TypeError) as error:
        raise Refused(f"the tokenizer in {directory.name} cannot be loaded ({_first_line(error)}): add tokenizer.json") from error


def load_weights(directory: Path) -> Any:
    """The causal language model in fp32 with eager attention; refused when a tensor is missing, of the wrong shape or not finite."""
    try:
        model, report = CausalModel.from_pretrained(
            directory,
            dtype=DTYPE,
            attn_implementation="eager",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    except (ValueError, KeyError, OSError, RuntimeError) as error:
        raise Refused(f"{directory.name} cannot be loaded as a causal language model ({_first_line(error)})") from error
    check_report(directory.name, report)
    check_finite(directory.name, model.named_parameters())
    return model.eval()


def check_report(name: str, report: dict[str, Any]) -> None:
    """Refuse a loading report with missing or ill-shaped tensors; each would silently be replaced by random numbers."""
    for key, found, wanted in sorted(report["mismatched_keys"]):
        raise Refused(
            f"tensor {key} in {name} has shape {list(found)} but the configuration asks for {list(wanted)}: supply configuration and weights of one model"
        )
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise Refused(f"{len(missing)} tensor(s) are missing from {name}, first {missing[0]}: obtain the complete weights from their source")


def check_finite(name: str, tensors: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Refuse weights that hold NaN or infinite numbers, naming the tensor."""
    for key, tensor in tensors:
        if not torch.isfinite(tensor).all():
            raise Refused(f"tensor {key} in {name} holds NaN or infinite numbers: obtain the weights again from their source")


def check_tokenizer_fits(tokenizer: Any, model: Any) -> None:
    """Refuse a tokenizer that can produce ids beyond the embedding."""
    rows = int(model.get_input_embeddings().weight.shape[0])
    highest = max(tokenizer.get_vocab().values(), default=-1)
    if highest >= rows:
        raise Refused(f"the tokenizer has ids up to {highest} but the embedding only {rows} rows: supply the tokenizer that belongs to these weights")


def end_tokens(tokenizer: Any, model: Any) -> frozenset[int]:
    """Ids that end a generation by the tokenizer or the generation settings."""
    named: list[Any] = [tokenizer.eos_token_id, getattr(model.generation_config, "eos_token_id", None)]
    flat: list[Any] = [token for entry in named for token in (entry if isinstance(entry, Sequence) else [entry])]
    return frozenset(int(token) for token in flat if token is not None)


def _boot(parts: _Parts, model: Any) -> Engine:
    model = model.to(parts.device)
    try:
        bridge = TransformerBridge.boot_transformers(
            str(parts.directory), hf_model=model, tokenizer=copy.deepcopy(parts.tokenizer), device=parts.device, dtype=DTYPE
        )
    except (ValueError, NotImplementedError, AttributeError) as error:
        raise Refused(f"{type(model).__name__} is not an architecture the instruments can open ({_first_line(error)})") from error
    return Engine(bridge)


def _twin(parts: _Parts, seed: int) -> Callable[[], Engine]:
    """Builder of the architecture with fresh weights: the configuration's initialisation, its own random stream."""

    def build() -> Engine:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            model = CausalModel.from_config(copy.deepcopy(parts.config), dtype=DTYPE, attn_implementation="eager", trust_remote_code=False)
            # Booting draws numbers too, for weights that it then overwrites.
            return _boot(parts, model.eval())

    return build


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
