"""Laws and standards as data: frameworks, their versions and requirements."""
