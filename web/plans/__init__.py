"""Pages of plans: build, look, seal, start."""
