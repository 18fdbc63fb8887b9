"""Temporal's remote codec protocol: lets the Web UI and the `temporal` CLI show payloads."""
