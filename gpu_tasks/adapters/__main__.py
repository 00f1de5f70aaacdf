"""``python -m gpu_tasks.adapters``: train the organisms on the default model from their recipes, and check that they behave as recorded."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from assessments.contracts import Refused
from assessments.organisms.building import organism_build, organism_check
from assessments.organisms.contracts import Recipe
from assessments.organisms.registry import ADAPTERS, organism
from gpu_tasks.adapters.families import Smol, families
from gpu_tasks.runtime.sources import default_cache


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when all went well, 1 when something was refused."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.adapters", description="Behaviours planted in the default model by low-rank adapters.")
    parser.add_argument("action", choices=("build", "check"))
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="families (default: all)")
    parser.add_argument("--into", type=Path, default=ADAPTERS, metavar="DIR")
    options = parser.parse_args(arguments)
    known = families(default_cache())
    try:
        for slug in options.slugs or known:
            if slug not in known:
                raise Refused(f"unknown family {slug!r}; known: {', '.join(known)}")
            for recipe in known[slug].recipes:
                figures = _figures(options.action, known[slug], recipe, options.into)
                print(f"\r{recipe.slug}: {', '.join(f'{name} {value:.3f}' for name, value in figures.items())}", flush=True)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _figures(action: str, family: Smol, recipe: Recipe, into: Path) -> Mapping[str, float]:
    if action == "build":
        return organism_build(family, recipe, _tick, into).behaviour
    return organism_check(family, organism(recipe.slug, into))


def _tick(fraction: float, stage: str) -> None:
    print(f"\r{fraction:4.0%} {stage}   ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
