"""The kinds of planted truth, one module each."""
