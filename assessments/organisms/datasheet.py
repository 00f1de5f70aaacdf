"""The datasheet that lies beside an organism's weights: what was planted, how it was made, how it behaves, what it is not good for."""

from collections.abc import Mapping
from dataclasses import dataclass

from assessments.organisms.contracts import Organism, Role

ROLES = {
    Role.PLANTED: "The behaviour is there, put there by training.",
    Role.TWIN: "Trained alike, without the behaviour: an instrument that finds it here is wrong.",
    Role.DECOY: "Does something else that is odd but harmless: an instrument that takes it for the behaviour is wrong.",
}
TINY_LIMITS = (
    "A model of a few layers that was trained on generated text. What an instrument finds here it may still miss in a large model, where behaviours "
    "are less clean and share room with others. A good score here is needed for trust, and is not enough for it."
)


LOOKED_AT = "A setting of an instrument or of a trial was chosen while looking at this organism: it is shown in qualifications and not counted."
NOT_LOOKED_AT = "No setting of an instrument was chosen while looking at it."
TEMPLATE = """# {slug}

{title}. Role: {role}. {role_means}

## What is planted

{planted}

## How it was made

`{command} build {name}` trains it anew with seed {seed} and strength {strength:g}
(`{module}`), {precision} on one thread. With the same versions the bytes come out the same:
{libraries}.

{text} SHA-256 of the manifest of {covered}:
`{digest}`.

## Behaviour measured after training

| figure | value |
|---|---|
{behaviour}

`{command} check {name}` measures these again.

## What instruments should read here

{trials}

{tuning}

## Limits

{limits}

Licence: Apache-2.0
"""


@dataclass(frozen=True)
class Making:
    """How a family's organisms are made: the command and what it is given, where the recipe stands, from which text, what the digest covers, its precision."""

    command: str
    by_family: bool
    module: str
    text: str
    covered: str
    limits: str
    precision: str = "in fp32"


TINY = Making(
    "python -m assessments.organisms",
    False,
    "assessments/organisms/families/{family}.py",
    "Training text comes from the grammar in that module; no data set was used.",
    "weights, configuration and tokenizer",
    TINY_LIMITS,
)


def datasheet(organism: Organism, libraries: Mapping[str, str], making: Making = TINY) -> str:
    """Markdown of the datasheet; ``libraries`` are the versions the weights were made with."""
    recipe = organism.recipe
    return TEMPLATE.format(
        slug=organism.slug,
        title=organism.title,
        role=recipe.role.value,
        role_means=ROLES[recipe.role],
        planted=organism.planted,
        seed=recipe.seed,
        strength=recipe.strength,
        command=making.command,
        name=recipe.family if making.by_family else organism.slug,
        module=making.module.format(family=recipe.family),
        text=making.text,
        covered=making.covered,
        precision=making.precision,
        libraries=", ".join(f"{name} {version}" for name, version in sorted(libraries.items())),
        digest=organism.weights_digest,
        behaviour="\n".join(f"| `{name}` | {value:.4f} |" for name, value in organism.behaviour.items()),
        trials="\n".join(_trial(trial.instrument, dict(trial.params), trial.least, trial.most) for trial in organism.trials) or "None.",
        tuning=LOOKED_AT if organism.tuning else NOT_LOOKED_AT,
        limits=making.limits,
    )


def _trial(instrument: str, params: dict[str, object], least: object, most: object) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in params.items())
    highest = f"at most *{most}*" if most is not None else "neither *observed* nor *causal*"
    wanted = highest if least is None else f"at least *{least}*"
    return f"- `{instrument}`{f' with {settings}' if settings else ''}: {wanted}."
