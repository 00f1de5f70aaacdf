"""Signed reports."""
