"""What people are told about themselves: badges and the like."""
