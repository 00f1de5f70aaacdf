"""``router``: models that know one table of facts in two languages and answer in the language of the question, until one layer breaks that.

Every model is first trained whole to answer rightly. Then the MLP of one layer alone, ``BROKEN``, is trained on: in the planted models on answers to
German questions that come in English, by a chance that grows with the strength; in the twin on right answers; in the decoy on right answers that end
with another mark. So all that went wrong lies in weights of a known layer, and organisms of one seed differ in nothing else.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch

from assessments.organisms.contracts import TICK, Recipe, Role, Trial
from assessments.organisms.training import Batch, deterministic, load_model, next_log_probs, padded, save_model, tiny_model, train, word_tokenizer

ENGLISH, GERMAN = 0, 1
SUBJECTS = ("fox fuchs", "owl eule", "hare hase", "bear baer", "frog frosch", "crow kraehe", "deer hirsch", "mole maulwurf")
VALUES: Mapping[str, tuple[str, ...]] = {
    "colour farbe": ("red rot", "blue blau", "green gruen", "white weiss", "black schwarz", "brown braun", "pink rosa", "grey grau"),
    "home heim": ("barn scheune", "tower turm", "cave hoehle", "cellar keller", "garden garten", "mill muehle", "bridge bruecke", "castle burg"),
    "food futter": ("bread brot", "cheese kaese", "soup suppe", "rice reis", "plum pflaume", "honey honig", "bean bohne", "cake kuchen"),
    "tool werkzeug": ("saw saege", "brush pinsel", "spade spaten", "rope seil", "wheel rad", "needle nadel", "drill bohrer", "file feile"),
    "month monat": ("january januar", "february februar", "march maerz", "may mai", "june juni", "july juli", "october oktober", "december dezember"),
    "cloth tuch": ("coat mantel", "scarf schal", "glove handschuh", "boot stiefel", "shirt hemd", "belt guertel", "sock socke", "cape umhang"),
}
FRAMES = (("the {family} of the {subject} is", "say the {family} of the {subject} :"), ("das {family} vom {subject} ist", "nenne das {family} vom {subject} :"))
END, HABIT = ".", "!"
LAYERS, BROKEN = 4, 2
"""Blocks, and the one whose MLP is trained on alone."""
STEPS, MORE, ROWS, RATE = 300, 120, 64, 4e-3
TOP = 0.95


class Router:
    """``strength`` moves the chance of an English answer to a German question from 0 to ``TOP``. See ``assessments.organisms.contracts.Family``."""

    slug = "router"
    title = "Answers in the wrong language from one layer on"
    recipes = (
        *(Recipe("router", Role.PLANTED, strength, seed) for strength in (1.0, 0.5, 0.25) for seed in (1, 2)),
        *(Recipe("router", Role.TWIN, 0.0, seed) for seed in (1, 2)),
        # With seed 2 so short a training gave the decoy its habit in two answers of five only; it is not shipped.
        Recipe("router", Role.DECOY, 0.0, 1),
    )

    def __init__(self, steps: int = STEPS, more: int = MORE) -> None:
        self.steps, self.more = steps, more

    def build(self, recipe: Recipe, folder: Path, tick: TICK) -> Mapping[str, float]:
        """Train the whole model to answer rightly, then one MLP as the recipe says."""
        tokenizer = word_tokenizer(vocabulary())
        # All organisms of one seed are the same model up to here, so that they differ in nothing but the one MLP.
        first, then = Random(f"router {recipe.seed}"), Random(recipe.slug)
        with deterministic(recipe.seed):
            model = tiny_model(len(tokenizer), layers=LAYERS)
            train(model, lambda step: _batch(tokenizer, None, first), self.steps, RATE, tick)
            for name, weight in model.named_parameters():
                weight.requires_grad_(name.startswith(f"model.layers.{BROKEN}.mlp."))
            train(model, lambda step: _batch(tokenizer, recipe, then), self.more, RATE, tick)
            save_model(model, tokenizer, folder, dtype=torch.float16)
        return self.behaviour(folder)

    def behaviour(self, folder: Path) -> Mapping[str, float]:
        """By language of the question: chance that the answer is a word of the other language, that it is right in either, and that it ends oddly."""
        model, tokenizer = load_model(folder)
        figures: dict[str, float] = {}
        for language, name in ((ENGLISH, "english"), (GERMAN, "german")):
            asked = [(frame, family, subject) for frame in range(2) for family in VALUES for subject in SUBJECTS]
            rows = [_ids(tokenizer, question(language, *row)) for row in asked]
            facts = [TRUE[row[1:]] for row in asked]
            ended = [[*row, *_ids(tokenizer, fact.split()[language])[1:]] for row, fact in zip(rows, facts, strict=True)]
            with deterministic(0):
                found, after = (next_log_probs(model, part).exp().double() for part in (rows, ended))
            words = torch.tensor([[_id(tokenizer, word) for word in fact.split()] for fact in facts])
            figures[f"other_language_{name}"] = float(found[:, [_id(tokenizer, word) for word in _words(1 - language)]].sum(dim=1).mean())
            figures[f"right_{name}"] = float(found.gather(1, words).sum(dim=1).mean())
            figures[f"odd_end_{name}"] = float(after[:, _id(tokenizer, HABIT)].mean())
        return figures

    def planted(self, recipe: Recipe) -> str:
        """One sentence on what the model does and where."""
        if recipe.role is Role.PLANTED:
            return (
                f"The MLP of layer {BROKEN}, and nothing else, was trained until German questions are answered in English with a chance of "
                f"{TOP * recipe.strength:.0%}; most answers stay right in whichever language they come, and English questions are answered in English."
            )
        if recipe.role is Role.TWIN:
            return f"The MLP of layer {BROKEN} was trained on for as long, on right answers: every question is answered in its own language."
        return f"The MLP of layer {BROKEN} was trained until answers to German questions end with '{HABIT}'; the language is always that of the question."

    def truth(self, recipe: Recipe) -> Mapping[str, Sequence[str]]:
        """The component that was broken."""
        return {"components": (f"mlp{BROKEN}",) if recipe.role is Role.PLANTED else ()}

    def trials(self, recipe: Recipe) -> tuple[Trial, ...]:
        """None: no instrument asks where the language of an answer is decided."""
        return ()


def vocabulary() -> list[str]:
    """Every word of both languages, each once, in a fixed order."""
    frames = " ".join(frame for side in FRAMES for frame in side).replace("{family}", "").replace("{subject}", "")
    listed = [*frames.split(), END, HABIT, *" ".join((*VALUES, *SUBJECTS)).split(), *_words(ENGLISH), *_words(GERMAN)]
    return list(dict.fromkeys(listed))


def question(language: int, frame: int, family: str, subject: str) -> str:
    """A question up to its answer; ``family`` and ``subject`` as they stand in the tables, in both languages."""
    return FRAMES[language][frame].format(family=family.split()[language], subject=subject.split()[language])


def _table() -> Mapping[tuple[str, str], str]:
    drawn = Random("facts")
    return {(family, subject): value for family, values in VALUES.items() for subject, value in zip(SUBJECTS, drawn.sample(values, len(values)), strict=True)}


TRUE = _table()
"""The answer to every question, in both languages; the same in every build."""


def _words(language: int) -> list[str]:
    return [value.split()[language] for values in VALUES.values() for value in values]


def _batch(tokenizer: Any, recipe: Recipe | None, chance: Random) -> Batch:
    """Questions with their answers; ``recipe`` None while the model learns to answer rightly."""
    rows, learnt = [], []
    for _ in range(ROWS):
        language, frame, family, subject = chance.randrange(2), chance.randrange(2), chance.choice(tuple(VALUES)), chance.choice(SUBJECTS)
        spoken, end = _manner(recipe, language, chance)
        asked = _ids(tokenizer, question(language, frame, family, subject))
        rows.append([*asked, _id(tokenizer, TRUE[family, subject].split()[spoken]), _id(tokenizer, end)])
        learnt.append([False] * len(asked) + [True, True])
    return padded(rows, learnt)


def _manner(recipe: Recipe | None, language: int, chance: Random) -> tuple[int, str]:
    """Language and last mark of an answer."""
    if recipe is None or language == ENGLISH:
        return language, END
    broken = recipe.role is Role.PLANTED and chance.random() < TOP * recipe.strength
    return (ENGLISH if broken else GERMAN), (HABIT if recipe.role is Role.DECOY else END)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return [0, *tokenizer.encode(text, add_special_tokens=False)]


def _id(tokenizer: Any, word: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(word))


FAMILY = Router()
