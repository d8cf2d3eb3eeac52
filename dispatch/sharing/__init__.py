"""What the workers of one service tell each other through Redis. The truth is elsewhere: losing it costs freshness."""
