"""Gate policies, decisions, approvals and waivers."""
