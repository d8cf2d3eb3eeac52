"""Looking devices up: by what is written about them, and by how they stand."""
