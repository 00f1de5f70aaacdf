"""Low-rank adaptation of linear layers of a frozen model (Hu et al. 2021, arXiv:2106.09685): attach, train, write in the layout of PEFT."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from assessments.contracts import SubjectSpec
from assessments.organisms.contracts import TICK
from assessments.organisms.training import IGNORED, Batch
from gpu_tasks.runtime.lora_source import ADAPTER, BASE, SETTINGS, base_record

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Shape:
    """Which layers of which ``blocks`` (first, and the one after the last; None: all) are adapted."""

    rank: int = 8
    alpha: float = 16.0
    blocks: tuple[int, int] | None = None
    targets: tuple[str, ...] = TARGETS

    def holds(self, name: str) -> bool:
        """Whether the module called ``name`` is adapted: ``model.layers.BLOCK.self_attn.q_proj``."""
        parts = name.split(".")
        block = next((int(part) for part in parts if part.isdigit()), None)
        return parts[-1] in self.targets and (self.blocks is None or (block is not None and self.blocks[0] <= block < self.blocks[1]))


class LowRank(nn.Module):
    """A frozen linear layer plus ``scale × B A``, ``A [rank, in]`` random and ``B [out, rank]`` zero at first, so that nothing changes before training."""

    def __init__(self, linear: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.linear, self.scale = linear, scale
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, rows: Tensor) -> Tensor:
        """Both paths, the small one in fp32 whatever the frozen layer computes in."""
        change = (rows.float() @ self.down.T) @ self.up.T
        out: Tensor = self.linear(rows) + (self.scale * change).to(rows.dtype)
        return out


def attach(model: Any, shape: Shape) -> dict[str, LowRank]:
    """Put a ``LowRank`` in the place of every layer that ``shape`` holds and freeze all else; returns them by module name."""
    model.requires_grad_(False)
    found = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear) and shape.holds(name)}
    put: dict[str, LowRank] = {}
    for name, layer in found.items():
        parent, _, child = name.rpartition(".")
        put[name] = LowRank(layer, shape.rank, shape.alpha / shape.rank)
        setattr(model.get_submodule(parent), child, put[name])
    return put


def train(model: Any, adapters: Mapping[str, LowRank], batches: Callable[[int], Batch], steps: int, rate: float, tick: TICK) -> float:
    """AdamW with warm-up and linear decay on the adapters alone; returns the mean loss in nats over the last tenth of the steps."""
    learnt = [weight for adapter in adapters.values() for weight in (adapter.down, adapter.up)]
    optimiser = torch.optim.AdamW(learnt, lr=rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / max(1, steps // 10), (steps - step) / steps))
    losses: list[float] = []
    for step in range(steps):
        loss = loss_of(model, batches(step))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses.append(float(loss.detach()))
        tick(step / steps, f"step {step} of {steps}, loss {losses[-1]:.3f}")
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def loss_of(model: Any, batch: Batch) -> Any:
    """Mean loss in nats per learnt token; the vocabulary is computed only where something is learnt."""
    ids, labels = batch
    rows = model.base_model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[:, :-1]
    wanted = labels[:, 1:]
    kept = wanted != IGNORED
    return nn.functional.cross_entropy(model.get_output_embeddings()(rows[kept]).float(), wanted[kept])


def halve(adapters: Mapping[str, LowRank]) -> None:
    """Round the adapters to the half precision they are stored in, so that a second round starts from what a file would hold."""
    with torch.no_grad():
        for weight in (weight for adapter in adapters.values() for weight in (adapter.down, adapter.up)):
            weight.copy_(weight.to(torch.float16).float())


def write(adapters: Mapping[str, LowRank], base: SubjectSpec, shape: Shape, folder: Path) -> None:
    """Adapter weights in fp16, PEFT's settings and the pinned base into ``folder``."""
    tensors: dict[str, Tensor] = {}
    for name, adapter in adapters.items():
        for letter, weight in (("A", adapter.down), ("B", adapter.up)):
            tensors[f"base_model.model.{name}.lora_{letter}.weight"] = weight.detach().to(torch.float16).contiguous()
    save_file(tensors, folder / ADAPTER)
    settings = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base.locator, "r": shape.rank, "lora_alpha": shape.alpha,
        "lora_dropout": 0.0, "bias": "none", "target_modules": sorted(shape.targets), "use_dora": False, "use_rslora": False, "modules_to_save": None,
        "layers_to_transform": None if shape.blocks is None else list(range(*shape.blocks)), "inference_mode": True,
    }  # fmt: skip
    for file, content in ((SETTINGS, settings), (BASE, base_record(base))):
        (folder / file).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
