"""What everybody may have of the registry, as files."""
