"""GraphQL: another way to write the same commands, in a process of its own."""
