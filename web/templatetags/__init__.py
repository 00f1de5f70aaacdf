"""Template tags of the browser face."""
