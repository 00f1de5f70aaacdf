"""What every address of the API shares: who asks, what is allowed, paging, problems, repetition, limits."""
