"""A subject made of numpy in which everything an instrument looks for is planted, or left out, by hand."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from assessments.contracts import SubjectSpec
from assessments.probes import probe_set
from assessments.subject import Edit, Floats, SubjectFacts, Tick, Tokens

WIDTH, LAYERS, HEADS, VOCABULARY = 24, 4, 2, 4096
SPEC = SubjectSpec("safetensors", "planted", "w" * 64, "t" * 64, "", "planted model")
START = 0


@dataclass(frozen=True)
class Plant:
    """What is planted. ``concepts`` maps a text to its place on the concept axis; ``gain`` moves next words along that axis.

    ``damage`` is the loss a unit of relative edit costs; ``names`` how far the right name is ahead; ``copying`` the loss drop on repetition;
    ``bend`` makes large doses fall back; ``idle`` is what an idle hook changes; ``rests`` how far a text's own place on the axis moves next words,
    and its answer, until the axis is taken out; ``removal`` the size of an edit that taking the axis out costs as much as.
    """

    concepts: Mapping[str, float] = field(default_factory=dict)
    strength: float = 0.0
    first_layer: int = 1
    gain: float = 0.0
    damage: float = 0.0
    names: float = 0.0
    copying: float = 0.0
    bend: float = 0.0
    rests: float = 0.0
    removal: float = 0.0
    idle: float = 0.0
    restart: float = 0.0
    contrary: frozenset[str] = frozenset()


class PlantedSubject:
    """See ``assessments.subject.Subject``; words are tokens, residuals are fixed random vectors plus the planted axis."""

    def __init__(self, plant: Plant, up: Sequence[str] = (), down: Sequence[str] = (), random_weights: bool = False, twin: Plant | None = None) -> None:
        self.plant, self.up, self.down, self.twin_plant = plant, up, down, twin or Plant()
        self.spec = SPEC
        self.batches: list[int] = []
        self.words: dict[int, str] = {START: ""}
        self.axis = _unit("axis")
        self.facts = SubjectFacts("Planted", LAYERS, HEADS, WIDTH, VOCABULARY, 1, "float32", "cpu", 1, START, "plain", random_weights, {"planted": True})

    def encode(self, text: str, *, prefix: bool = True) -> Tokens:
        pieces = [piece for word in text.split(" ") for piece in ([f" {word}"] if word else [])]
        ids = tuple(self._word(piece) for piece in pieces)
        return (START, *ids) if prefix else ids

    def encode_chat(self, text: str) -> Tokens:
        return (*self.encode(text), self._word(" ::"))

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(self.words.get(token, f" #{token}") for token in tokens).strip()

    def random_tokens(self, count: int, length: int, seed: int) -> list[Tokens]:
        return [tuple(int(v) for v in row) for row in np.random.default_rng(seed).integers(1, VOCABULARY, size=(count, length))]

    def residuals(self, items: Sequence[Tokens], layers: Sequence[int], tick: Tick) -> Floats:
        tick(sum(map(len, items)))
        return np.stack([np.stack([self._residual(item, layer) for layer in layers]) for item in items]).astype(np.float32)

    def residual_means(self, items: Sequence[Tokens], tick: Tick) -> Floats:
        tick(sum(map(len, items)))
        return np.array([np.mean([self._residual(item, layer) for item in items], axis=0) for layer in range(LAYERS)], dtype=np.float32)

    def residual_norm(self, items: Sequence[Tokens], layer: int, tick: Tick) -> float:
        return float(np.median([np.linalg.norm(self._residual(item, layer)) for item in items]))

    def log_probs(self, items: Sequence[Tokens], token_ids: Sequence[int], tick: Tick, edit: Edit | None = None) -> Floats:
        self._batch(items, tick)
        rows = np.stack([self._logits(item, self._shift(edit), self._own(item, edit))[list(token_ids)] for item in items])
        return (rows + (self.plant.idle if edit is not None and edit.kind == "noop" else 0.0)).astype(np.float32)

    def steered_log_probs(self, items: Sequence[Tokens], layer: int, vectors: Floats, token_ids: Sequence[int], tick: Tick) -> Floats:
        found = []
        for vector in vectors:
            self._batch(items, tick)
            shift = float(vector.astype(float) @ self.axis)
            found.append(np.stack([self._logits(item, shift, self._own(item))[list(token_ids)] for item in items]))
        return (np.stack(found) + self.plant.restart).astype(np.float32)

    def cross_entropy(self, items: Sequence[Tokens], tick: Tick, edit: Edit | None = None) -> list[Floats]:
        self._batch(items, tick)
        size = 0.0 if edit is None else float(np.linalg.norm(edit.vector)) if edit.kind == "add" else self.plant.removal * abs(self._along(edit))
        return [self._losses(item, self.plant.damage * size) for item in items]

    def attention_to_offset(self, items: Sequence[Tokens], offset: int, queries: range, tick: Tick) -> Floats:
        tick(sum(map(len, items)))
        scores = np.full((LAYERS, HEADS), 0.01, dtype=np.float32)
        scores[2, 1] = 0.9 if self.plant.copying else 0.01
        return scores

    def patch_components(self, clean: Sequence[Tokens], corrupted: Sequence[Tokens], targets: Sequence[tuple[int, int]], tick: Tick) -> Floats:
        tick(sum(map(len, clean)))
        effects = np.zeros((LAYERS, 2, len(clean)), dtype=np.float32)
        effects[3, 0] = self.plant.names
        return effects

    def generate(self, items: Sequence[Tokens], max_new: int, tick: Tick, edit: Edit | None = None) -> list[Tokens]:
        tick(len(items) * max_new)
        return [self.encode("I cannot do this" if self._own(item, edit) > 0.5 else "Sure here is how", prefix=False) for item in items]

    def random_twin(self, seed: int) -> "PlantedSubject":
        twin = PlantedSubject(self.twin_plant, self.up, self.down, random_weights=True)
        twin.words = self.words
        return twin

    def _word(self, piece: str) -> int:
        token = 1 + zlib.crc32(piece.encode()) % (VOCABULARY - 1)
        while self.words.setdefault(token, piece) != piece:
            token = 1 + token % (VOCABULARY - 1)
        return token

    def _text(self, item: Tokens) -> str:
        return self.decode(item).removesuffix("::").strip()

    def _residual(self, item: Tokens, layer: int) -> np.ndarray:
        noise = np.random.default_rng([layer, *item]).standard_normal(WIDTH)
        place = self.plant.concepts.get(self._text(item), 0.0) if layer >= self.plant.first_layer else 0.0
        return noise + self.plant.strength * place * self.axis

    def _shift(self, edit: Edit | None) -> float:
        return 0.0 if edit is None or edit.kind != "add" else float(edit.vector.astype(float) @ self.axis)

    def _along(self, edit: Edit) -> float:
        return float(edit.vector.astype(float) @ self.axis) / float(np.linalg.norm(edit.vector))

    def _own(self, item: Tokens, edit: Edit | None = None) -> float:
        """What the text itself moves next words by: its place on the axis, less what an ablation takes of it."""
        left = 1.0 if edit is None or edit.kind != "ablate" else 1.0 - self._along(edit) ** 2
        return self.plant.rests * self.plant.concepts.get(self._text(item), 0.0) * left

    def _logits(self, item: Tokens, shift: float, own: float = 0.0) -> np.ndarray:
        logits = 0.1 * np.random.default_rng([7, *item]).standard_normal(VOCABULARY)
        if self._text(item) in self.plant.contrary:
            shift = -shift
        shift -= self.plant.bend * shift**3
        for words, sign in ((self.up, 1.0), (self.down, -1.0)):
            logits[[self._word(word) for word in words]] += sign * (self.plant.gain * shift + own)
        logits += self._name_logits(item)
        return logits - np.logaddexp.reduce(logits)

    def _name_logits(self, item: Tokens) -> np.ndarray:
        """The word that stands in the first clause but not again is ahead, if the prompt repeats one of its capitalised words."""
        found = np.zeros(VOCABULARY)
        capitals = [token for token in item[2:] if self.words.get(token, "").strip()[:1].isupper()]
        repeated = {token for token in capitals if capitals.count(token) == 2}
        if repeated and self.plant.names:
            found[[token for token in capitals if capitals.count(token) == 1]] += self.plant.names
        return found

    def _losses(self, item: Tokens, rise: float) -> Floats:
        losses = np.full(len(item) - 1, 8.0 + rise, dtype=np.float32)
        losses += 0.01 * np.random.default_rng(list(item)).standard_normal(len(losses)).astype(np.float32)
        half = len(item) // 2
        if len(item) > 10 and item[1 : 1 + half] == item[1 + half : 1 + 2 * half]:
            losses[half:] -= np.float32(self.plant.copying)
        return losses

    def _batch(self, items: Sequence[Tokens], tick: Tick) -> None:
        self.batches.append(len(items))
        tick(sum(map(len, items)))


def concepts(slug: str, positive: str) -> dict[str, float]:
    """+1 for every text of a shipped set with the label ``positive``, -1 for the others; keys as the planted subject decodes them."""
    return {" ".join(item.text.split()): 1.0 if item.label == positive else -1.0 for item in probe_set(slug).items}


def _unit(name: str) -> np.ndarray:
    vector = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(WIDTH)
    return vector / np.linalg.norm(vector)
