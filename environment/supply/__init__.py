"""Where tools and images come from: built from package registries, cached by content."""
