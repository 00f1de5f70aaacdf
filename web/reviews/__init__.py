"""Pages on which answers of vendors are reviewed and compared."""
