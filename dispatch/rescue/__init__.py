"""The decisions: pure, without clock, network or database. Commands and the scene go in, events come out."""
