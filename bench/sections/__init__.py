"""One module for each group of figures: `measure(scale, folder)` yields them."""
