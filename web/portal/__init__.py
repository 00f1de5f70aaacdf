"""Pages for vendors' respondents: they see the questionnaire they were invited to, and nothing else."""
