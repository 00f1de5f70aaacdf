"""Write-once store, signed statements and the append-only log; everything that can be proven to a stranger."""
