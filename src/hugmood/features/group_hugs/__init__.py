"""Group hugs: planned or at once, and over at a set time."""
