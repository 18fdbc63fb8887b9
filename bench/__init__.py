"""What the README's figures are measured with: each a ratio to something else, in one run."""
