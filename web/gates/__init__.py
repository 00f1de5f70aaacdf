"""Pages of gate policies, decisions, approvals and releases."""
