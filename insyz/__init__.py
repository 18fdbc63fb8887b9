"""The domain: work reports and INSYZ. Knows nothing of Temporal."""
