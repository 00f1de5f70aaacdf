"""Coverage of the whole register: overview, gaps with owners, trend, judgements that a duty does not apply."""
