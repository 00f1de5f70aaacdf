"""Writes to incidents: permission, state, change, log entry, in one transaction each."""

from decisions.services.incidents import Judgement, fact_correct, fact_enter, incident_open, incident_reclassify
from decisions.services.submissions import LARGEST, SUFFIXES, Proof, submission_record

__all__ = ["LARGEST", "SUFFIXES", "Judgement", "Proof", "fact_correct", "fact_enter", "incident_open", "incident_reclassify", "submission_record"]
