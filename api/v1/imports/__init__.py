"""Imports of frameworks and crosswalks."""
