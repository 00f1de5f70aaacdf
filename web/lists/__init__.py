"""What every list page shares: table, filter, saved filters, export."""
