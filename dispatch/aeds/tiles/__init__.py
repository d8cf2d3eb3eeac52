"""The map of AEDs as vector tiles: drawn by PostGIS, kept in memory until what they show changes."""
