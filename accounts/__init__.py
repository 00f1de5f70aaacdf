"""Who may do what: users, organisations, memberships and the one policy table."""
