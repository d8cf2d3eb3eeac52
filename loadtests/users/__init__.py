"""Everybody that Locust plays, a file for each role."""
