"""Questionnaires as files: YAML, XLSX and CSV, out and in. Free of Django."""
