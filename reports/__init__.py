"""What is said to others: snapshots, figures, signed PDF reports and case files."""
