"""What needs the person today."""
