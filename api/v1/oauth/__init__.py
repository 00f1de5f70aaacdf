"""OAuth 2 for programs: the way from a client secret to a short-lived token, and what this server offers."""
