"""Vendors, AI systems, models, model versions and deployments."""
