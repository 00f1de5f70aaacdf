"""Blind exercises."""
