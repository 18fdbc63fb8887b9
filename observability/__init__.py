"""What the worker lets others see of it: metrics, and spans of its requests to INSYZ."""
