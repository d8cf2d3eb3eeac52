"""Tables, migrations, transactions and the private PostGIS."""
