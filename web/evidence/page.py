"""Everything the pages of one artifact and one log entry show."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import allowed
from core.errors import IntegrityFailed, InvalidInput
from evidence import bundle, checkpoint, merkle
from evidence.keys import installed
from evidence.ledger import entry_check
from evidence.models import Artifact, Attestation, Checkpoint, LedgerEntry
from evidence.proofs import Inclusion, consistency_read, inclusion_read
from web import words
from web.evidence import queries
from web.evidence.subjects import action_words, subject_link

PREDICATES = {
    "urn:assay:predicate:record:v1": "A plain record of a change",
    "urn:assay:predicate:plan-seal:v1": "Seal of a plan",
    "https://in-toto.io/attestation/test-result/v0.1": "Result of a step",
    "urn:assay:predicate:link-review:v1": "A person's decision on a link",
    "urn:assay:predicate:report:v1": "A signed report",
    "urn:assay:predicate:case:v1": "An exported case",
}
ROW, MIDDLE, SIDE = 40, 180, 120
"""Measures of the drawn path: height of a level, its middle, and how far a sibling stands beside it."""


@dataclass(frozen=True)
class Check:
    """One thing checked on the server just now: what, whether it holds, and the reason if not."""

    text: str
    holds: bool
    reason: str = ""


@dataclass(frozen=True)
class Level:
    """One level of the drawn path: the pair's hash, its sibling on one side, and where they stand."""

    text: str
    sibling: str
    y: int
    sibling_x: int
    left: bool


@dataclass(frozen=True)
class Ladder:
    """The drawn path from leaf to root."""

    leaf: str
    leaf_y: int
    levels: tuple[Level, ...]
    height: int


def statement_of(attestation: Attestation) -> dict[str, Any]:
    """What a statement says, ready to show; its signature is checked first."""
    envelope = attestation.parsed_envelope
    check = checked("Signed by a key of this installation", lambda: bundle.statement_of(envelope, installed().trust))
    text = json.dumps(bundle.statement_of(envelope, installed().trust), indent=2, ensure_ascii=False) if check.holds else ""
    return {
        "check": check,
        "text": text,
        "keyid": envelope["signatures"][0]["keyid"],
        "type": attestation.predicate_type,
        "words": PREDICATES.get(attestation.predicate_type, "A statement"),
    }


def artifact_context(actor: User, artifact: Artifact) -> dict[str, Any]:
    """The context of ``web/evidence/artifact.html``."""
    return {
        "artifact": artifact,
        "entry": artifact.attestation.entry,
        "about": subject_link(artifact.subject, queries.findings_by_step(actor, [artifact.subject])),
        "statement": statement_of(artifact.attestation),
        "links": queries.links_of(artifact),
        "finding": queries.finding_of(actor, artifact),
        "report": queries.report_of(actor, artifact),
        "may_review": allowed(actor, "evidence.review"),
        "glossary": words.glossary("Digest", "Attestation", "Log", "Checkpoint", "Tier"),
        "nav": "evidence",
    }


def entry_context(actor: User, entry: LedgerEntry) -> dict[str, Any]:
    """The context of ``web/evidence/entry.html``: the entry, what was checked just now, and its place in the tree."""
    inclusion = inclusion_read(entry)
    before, after = queries.neighbours(actor, entry.index)
    return {
        "entry": entry,
        "title": action_words(entry.action).capitalize(),
        "about": subject_link(entry.subject, queries.findings_by_step(actor, [entry.subject])),
        "by": queries.actor_names([entry.actor]).get(entry.actor, entry.actor),
        "payload": json.dumps(entry.payload, indent=2, ensure_ascii=False),
        "statement": statement_of(entry.attestation),
        "artifacts": Artifact.objects.filter(attestation=entry.attestation_id).only("id", "title", "sha256", "size").order_by("kind", "name"),
        "checks": [*checks_of(entry, inclusion)],
        "ladder": ladder_of(inclusion),
        "head": inclusion.checkpoint,
        "before": before,
        "after": after,
        "glossary": words.glossary("Log", "Checkpoint", "Attestation"),
        "nav": "evidence",
    }


def checks_of(entry: LedgerEntry, inclusion: Inclusion) -> list[Check]:
    """What the server checks each time the page is opened."""
    ring, head = installed(), inclusion.checkpoint
    size = entry.index + 1
    return [
        checked("The columns of this entry say what its signed statement says", lambda: entry_check(entry, ring)),
        checked(f"The checkpoint of {head.tree_size} entries is signed by the log's key", lambda: checkpoint.verify(head.note, ring.log_key)),
        Check("The entry's path leads to the root of that checkpoint", inclusion.holds, "" if inclusion.holds else "it leads to another root"),
        checked(f"The log of {head.tree_size} entries continues the log as it was signed right after this entry", lambda: _consistent(size, head)),
    ]


def checked(text: str, check: Callable[[], object]) -> Check:
    """Run ``check``; an integrity failure becomes a visible reason instead of an error page."""
    try:
        check()
    except (IntegrityFailed, InvalidInput) as error:
        return Check(text, False, str(error))
    return Check(text, True)


def _consistent(size: int, head: Checkpoint) -> None:
    """Prove the newest head against the first one signed at or after ``size`` entries: several entries may share one checkpoint."""
    old = Checkpoint.objects.filter(tree_size__gte=size).order_by("tree_size").first()
    if old is None:
        raise IntegrityFailed("no checkpoint covers this entry")
    proof = consistency_read(old.tree_size)
    merkle.verify_consistency(old.tree_size, head.tree_size, bytes.fromhex(old.root), bytes.fromhex(head.root), proof)


def ladder_of(inclusion: Inclusion) -> Ladder:
    """The path with the root on top."""
    count = len(inclusion.rungs)
    levels = [
        Level(rung.result.hex()[:8], rung.sibling.hex()[:8], ROW * (count - 1 - place) + 24, MIDDLE + (-SIDE if rung.left else SIDE), rung.left)
        for place, rung in enumerate(inclusion.rungs)
    ]
    return Ladder(inclusion.leaf.hex()[:8], ROW * count + 24, tuple(levels), ROW * (count + 1) + 8)
