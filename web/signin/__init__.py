"""Signing in and everything about one's own account: allauth's pages with our rules, words and looks."""
