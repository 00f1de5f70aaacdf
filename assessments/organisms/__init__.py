"""Models with planted ground truth: what is in them is known, so an instrument can be held to it."""
