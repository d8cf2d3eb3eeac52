"""Places on the globe: distance, datum, cells, boxes and the exact nearest of moving points."""
