"""One thing each that touches the world: they call the domain and translate its errors."""
