"""What is done to the residual stream during a pass: capture, add, project out, replace, skip the blocks below."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from assessments.contracts import Refused
from assessments.subject import Edit

OUTLIER = 4.0
"""Positions longer than this many medians of their sequence hold massive activations, which a model uses as constants (Sun et al. 2024,
arXiv:2402.17762): a small share of one, taken away, breaks it."""

HookFunction = Callable[..., Tensor | None]
NamedHook = tuple[str, HookFunction]


class Reached(Exception):
    """Ends a pass early: everything asked for has been captured. Never leaves this package."""


def resid_post(layer: int) -> str:
    """Hook name of the residual stream at the output of block ``layer``."""
    return f"blocks.{layer}.hook_resid_post"


def keep(store: dict[str, Tensor], name: str, last_only: bool = False, stop: bool = False) -> NamedHook:
    """Hook that puts a copy of the activation ``[rows, positions, d_model]`` under ``name``; the library passes canonical names, so key by closure."""

    def capture(value: Tensor, hook: Any) -> None:
        store[name] = value[:, -1].clone() if last_only else value.clone()
        if stop:
            raise Reached

    return name, capture


def edit_hooks(edit: Edit | None, n_layers: int, d_model: int, device: torch.device) -> list[NamedHook]:
    """Hooks that carry out ``edit``; raises ``Refused`` on a layer or vector that does not fit the model."""
    if edit is None:
        return []
    if edit.kind == "noop":
        return [(resid_post(checked_layer(edit.layer, n_layers)), lambda value, hook: value)]
    vector = checked_vectors(edit.vector[None], d_model, device)[0]
    if edit.kind == "add":
        return [(resid_post(checked_layer(edit.layer, n_layers)), lambda value, hook: value + vector)]
    levels = [0.0] * n_layers if edit.levels is None else [float(level) for level in edit.levels]
    return [(resid_post(layer), _projection(vector, level)) for layer, level in zip(range(n_layers), levels, strict=True)]


def ordinary(value: Tensor) -> Tensor:
    """Which positions of ``value [..., positions, d_model]`` hold no massive activation."""
    lengths = value.norm(dim=-1)
    found: Tensor = lengths <= OUTLIER * lengths.median(dim=-1, keepdim=True).values
    return found


def _projection(vector: Tensor, level: float) -> HookFunction:
    norm = vector.norm()
    if norm == 0:
        raise Refused("the direction to project out has length zero: give a direction with a length")
    unit = vector / norm

    def project(value: Tensor, hook: Any) -> Tensor:
        left: Tensor = value - ((value @ unit - level) * ordinary(value))[..., None] * unit
        return left

    return project


def checked_layer(layer: int, n_layers: int) -> int:
    """``layer`` if the model has it."""
    if not 0 <= layer < n_layers:
        raise Refused(f"layer {layer} does not exist: this model has layers 0 to {n_layers - 1}")
    return layer


def checked_vectors(vectors: Any, d_model: int, device: torch.device) -> Tensor:
    """``vectors [n, d_model]`` on ``device``; refused when of another width or not finite."""
    tensor = torch.as_tensor(vectors, dtype=torch.float32, device=device)
    if tensor.ndim != 2 or tensor.shape[1] != d_model:
        raise Refused(f"vectors of shape {list(tensor.shape)} do not fit: this model's residual stream is {d_model} wide")
    if not torch.isfinite(tensor).all():
        raise Refused("a vector holds NaN or infinite numbers: compute it again from finite activations")
    return tensor


@contextmanager
def resumed(blocks: Sequence[Any], layer: int, start: Tensor, as_tuple: bool) -> Iterator[None]:
    """Within: block ``layer`` returns ``start`` and the blocks below it return their input, all without computing anything."""

    def form(value: Tensor) -> Any:
        return (value,) if as_tuple else value

    def skip(*args: Any, **kwargs: Any) -> Any:
        return form(args[0] if args else kwargs["hidden_states"])

    try:
        # Set in the instance's own dictionary: the library's attribute setter passes names it does not know on to the wrapped block.
        for block in blocks[:layer]:
            vars(block)["forward"] = skip
        vars(blocks[layer])["forward"] = lambda *args, **kwargs: form(start)
        yield
    finally:
        for block in blocks[: layer + 1]:
            vars(block).pop("forward", None)


def replaced(name: str, value: Tensor, rows: slice) -> NamedHook:
    """Hook that puts ``value`` in place of the activation's ``rows``."""

    def swap(current: Tensor, hook: Any) -> Tensor:
        swapped = current.clone()
        swapped[rows] = value
        return swapped

    return name, swap


def missing_hooks(wanted: Sequence[str], present: Mapping[str, Any]) -> list[str]:
    """Names in ``wanted`` the model lacks: a hook that is not there would silently do nothing."""
    return [name for name in wanted if name not in present]
