"""Commands, rules and their transactions, in processes beside the gateway."""
