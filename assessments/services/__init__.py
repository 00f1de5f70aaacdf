"""Every write to plans, runs and findings."""
