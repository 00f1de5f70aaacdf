"""Pages of incidents and their reporting clocks."""
