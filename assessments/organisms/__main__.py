"""``python -m assessments.organisms``: list organisms, build them from their recipes, check that they behave as recorded."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from assessments.contracts import Refused
from assessments.organisms.building import organism_build, organism_check
from assessments.organisms.contracts import Recipe
from assessments.organisms.registry import DATA, families, organism, organisms, recipes


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when all went well, 1 when something was refused."""
    options = _parser().parse_args(arguments)
    try:
        options.action(options)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m assessments.organisms", description="Models with planted ground truth.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="train organisms from their recipes")
    build.add_argument("slugs", nargs="*", metavar="SLUG")
    build.add_argument("--family", help="all recipes of one family")
    build.add_argument("--into", type=Path, default=DATA, metavar="DIR")
    build.set_defaults(action=_build)
    check = commands.add_parser("check", help="measure the behaviour again and compare it with the record")
    check.add_argument("slugs", nargs="*", metavar="SLUG")
    check.add_argument("--in", dest="folder", type=Path, default=DATA, metavar="DIR")
    check.set_defaults(action=_check)
    listing = commands.add_parser("list", help="what is there and what could be built")
    listing.set_defaults(action=_list)
    return parser


def _build(options: argparse.Namespace) -> None:
    for recipe in _wanted(options.slugs, options.family):
        print(f"{recipe.slug}: training", flush=True)
        found = organism_build(families()[recipe.family], recipe, _tick, options.into)
        print(f"\r{found.slug}: {_figures(found.behaviour)}")


def _check(options: argparse.Namespace) -> None:
    chosen = [organism(slug, options.folder) for slug in options.slugs] if options.slugs else organisms(options.folder)
    for found in chosen:
        if found.recipe.family not in families():
            raise Refused(f"{found.slug}: family {found.recipe.family} is not installed, so its behaviour cannot be measured again")
        print(f"{found.slug}: {_figures(organism_check(families()[found.recipe.family], found))}", flush=True)


def _list(options: argparse.Namespace) -> None:
    built = {found.slug for found in organisms()}
    for slug in sorted({*recipes(), *built}):
        print(f"{slug}{'' if slug in built else ' (not built)'}")


def _wanted(slugs: Sequence[str], family: str | None) -> list[Recipe]:
    known = recipes()
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise Refused(f"no family has a recipe {unknown[0]}; known: {', '.join(known)}")
    if family is not None and family not in families():
        raise Refused(f"unknown family {family!r}; known: {', '.join(families())}")
    chosen = [recipe for slug, recipe in known.items() if slug in slugs or recipe.family == family]
    if not chosen:
        raise Refused("name organisms to build, or a family with --family")
    return chosen


def _tick(fraction: float, stage: str) -> None:
    print(f"\r{fraction:4.0%} {stage}   ", end="", file=sys.stderr, flush=True)


def _figures(behaviour: object) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in dict(behaviour).items()) if isinstance(behaviour, dict) else str(behaviour)


if __name__ == "__main__":
    sys.exit(main())
