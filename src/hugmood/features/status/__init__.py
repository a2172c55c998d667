"""Who is there, and wants it seen."""
