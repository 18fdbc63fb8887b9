"""The domain: work reports and INSYZ. Knows nothing of Temporal."""

VERSION = "0.1.0"
