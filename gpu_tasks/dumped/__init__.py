"""Steps on activation dumps. Knows neither torch nor the tables."""
