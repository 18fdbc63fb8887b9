"""What happens to a report, in order. Deterministic: no I/O, no clock, no settings."""
