"""Webhooks: who wants to hear of what, and what was delivered."""
