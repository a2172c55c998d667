"""Who is asking: accounts, sessions and tokens."""
