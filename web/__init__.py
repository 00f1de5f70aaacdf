"""The browser face: login, models, live runs, findings."""
