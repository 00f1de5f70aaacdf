"""Webhooks: events out of the log, sent to programs that asked for them, signed and repeated until they arrive."""
