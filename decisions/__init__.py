"""Incidents and their reporting clocks: what happened, when, who must hear of it, and by when."""
