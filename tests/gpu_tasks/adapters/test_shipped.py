"""The adapters that come with the program: whole, on the pinned base, and read by the instruments as their records say."""

import pytest

from assessments.contracts import Reading
from assessments.organisms.contracts import Organism, Role
from assessments.organisms.registry import ADAPTERS, organisms
from assessments.registry import METHODS
from gpu_tasks import trials
from gpu_tasks.adapters.families import BASE, families
from gpu_tasks.runtime import lora_source
from gpu_tasks.runtime.sources import default_cache


def test_each_is_whole_and_stands_on_the_pinned_base() -> None:
    shipped = organisms(ADAPTERS)
    assert {row.recipe.family for row in shipped} <= set(families(default_cache()))
    assert shipped
    for row in shipped:
        lora_source.check_folder(row.folder)
        base = lora_source.base_of(row.folder)
        assert (base.source, base.locator) == BASE
        assert {trial.instrument for trial in row.trials} <= {method.card.slug for method in METHODS}


@pytest.mark.parametrize("row", organisms(ADAPTERS), ids=lambda row: row.slug)
def test_they_are_tried_only_when_their_family_is_named(row: Organism) -> None:
    family, instrument = row.recipe.family, row.trials[0].instrument
    assert family not in {job.organism.recipe.family for job in trials.jobs_of(instrument, "", 1)}
    assert {job.organism.recipe.family for job in trials.jobs_of(instrument, family, 1)} == {family}


@pytest.mark.slow
def test_planted_refusal_is_moved_by_its_direction() -> None:
    job = next(job for job in trials.jobs_of("steering_validation", "smol-refuser", 1) if not job.twin)
    assert job.organism.recipe.role is Role.PLANTED
    result = trials.trial_make(job, "steering_validation", lambda fraction, stage, tokens=0: None)
    assert (result.reading, result.error) == (Reading.CAUSAL, "")
