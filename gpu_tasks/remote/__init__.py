"""Models that answer over the network. Knows neither Django nor torch nor the tables; settings come in as a ``Policy``."""
