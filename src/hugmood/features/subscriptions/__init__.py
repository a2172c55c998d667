"""What a connection wants to hear of."""
