"""Measurements that people can repeat; no number in the documents without the command that makes it."""
