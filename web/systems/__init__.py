"""Pages of AI systems and their deployments."""
