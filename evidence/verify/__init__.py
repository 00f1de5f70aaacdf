"""Offline verifier for a case (folder or zip) and a report PDF: needs neither Django nor a database nor a network."""
