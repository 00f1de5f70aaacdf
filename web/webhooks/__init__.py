"""Webhooks: set up, watch, exchange the secret, replay."""
