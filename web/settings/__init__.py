"""Users, roles, tokens and keys."""
