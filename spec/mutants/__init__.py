"""What would break TCP: named defects of the specification."""
