"""Writes to incidents, gaps, exemptions, policies and decisions: permission, state, change, log entry, in one transaction each."""

from decisions.services.actions import action_add, action_change, action_complete, action_reopen, owners_of
from decisions.services.approvals import approval_give, approval_refuse, quorum_left
from decisions.services.calendars import calendar_close, calendar_open
from decisions.services.captures import captured_add, captured_plan
from decisions.services.decisions import decision_request, decision_withdraw, task_add, task_finish
from decisions.services.drafts import draft_named, draft_save
from decisions.services.exemptions import exemption_decide, exemption_propose, exemption_withdraw
from decisions.services.gaps import gap_assign, gap_release
from decisions.services.incidents import Judgement, fact_correct, fact_enter, incident_open, incident_reclassify
from decisions.services.policies import policy_create, policy_edit
from decisions.services.proofs import LARGEST, SUFFIXES, Proof
from decisions.services.releases import drill_record, releasable, version_release, version_roll_back
from decisions.services.reminders import reminders_choose, reminders_send
from decisions.services.submissions import submission_correct, submission_record
from decisions.services.waivers import waiver_withdraw, waiver_write

__all__ = [
    "LARGEST",
    "SUFFIXES",
    "Judgement",
    "Proof",
    "action_add",
    "action_change",
    "action_complete",
    "action_reopen",
    "approval_give",
    "approval_refuse",
    "calendar_close",
    "calendar_open",
    "captured_add",
    "captured_plan",
    "decision_request",
    "decision_withdraw",
    "draft_named",
    "draft_save",
    "drill_record",
    "exemption_decide",
    "exemption_propose",
    "exemption_withdraw",
    "fact_correct",
    "fact_enter",
    "gap_assign",
    "gap_release",
    "incident_open",
    "incident_reclassify",
    "owners_of",
    "policy_create",
    "policy_edit",
    "quorum_left",
    "releasable",
    "reminders_choose",
    "reminders_send",
    "submission_correct",
    "submission_record",
    "task_add",
    "task_finish",
    "version_release",
    "version_roll_back",
    "waiver_withdraw",
    "waiver_write",
]
