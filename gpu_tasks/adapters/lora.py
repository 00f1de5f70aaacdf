"""Low-rank adaptation of the linear layers of a frozen model (Hu et al. 2021, arXiv:2106.09685): attach, train, write in the layout of PEFT."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from assessments.contracts import SubjectSpec
from assessments.organisms.contracts import TICK
from assessments.organisms.training import Batch
from gpu_tasks.runtime.lora_source import ADAPTER, BASE, SETTINGS, base_record

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


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


def attach(model: Any, rank: int, alpha: float) -> dict[str, LowRank]:
    """Put a ``LowRank`` in the place of every target layer of ``model`` and freeze all else; returns them by module name."""
    model.requires_grad_(False)
    found = {name: layer for name, layer in model.named_modules() if name.rpartition(".")[2] in TARGETS}
    put: dict[str, LowRank] = {}
    for name, layer in found.items():
        parent, _, child = name.rpartition(".")
        put[name] = LowRank(layer, rank, alpha / rank)
        setattr(model.get_submodule(parent), child, put[name])
    return put


def train(model: Any, adapters: Mapping[str, LowRank], batches: Callable[[int], Batch], steps: int, rate: float, tick: TICK) -> float:
    """AdamW with warm-up and linear decay on the adapters alone; returns the mean loss in nats over the last tenth of the steps."""
    learnt = [weight for adapter in adapters.values() for weight in (adapter.down, adapter.up)]
    optimiser = torch.optim.AdamW(learnt, lr=rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / max(1, steps // 10), (steps - step) / steps))
    losses: list[float] = []
    for step in range(steps):
        ids, labels = batches(step)
        loss = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses.append(float(loss.detach()))
        tick(step / steps, f"step {step} of {steps}, loss {losses[-1]:.3f}")
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def write(adapters: Mapping[str, LowRank], base: SubjectSpec, rank: int, alpha: float, folder: Path) -> None:
    """Adapter weights in fp16, PEFT's settings and the pinned base into ``folder``."""
    tensors: dict[str, Tensor] = {}
    for name, adapter in adapters.items():
        for letter, weight in (("A", adapter.down), ("B", adapter.up)):
            tensors[f"base_model.model.{name}.lora_{letter}.weight"] = weight.detach().to(torch.float16).contiguous()
    save_file(tensors, folder / ADAPTER)
    settings = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base.locator, "r": rank, "lora_alpha": alpha, "lora_dropout": 0.0,
        "bias": "none", "target_modules": sorted(TARGETS), "use_dora": False, "use_rslora": False, "modules_to_save": None, "inference_mode": True,
    }  # fmt: skip
    for file, content in ((SETTINGS, settings), (BASE, base_record(base))):
        (folder / file).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
