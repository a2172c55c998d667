"""A card with help for whoever writes of harming themselves, seen by nobody else."""
