"""Models, their versions, and intakes of weights."""
