"""What is measured: sealed plans, runs, findings, and the instruments themselves."""
