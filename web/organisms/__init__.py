"""Models with planted properties: those that come with the program and those registered here."""
