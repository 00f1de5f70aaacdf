"""AI systems and deployments."""
