"""Pilots: daily runs on a model that only answers, drift, and the closing report."""
