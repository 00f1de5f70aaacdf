"""Cases: exported for others, and received from vendors."""
