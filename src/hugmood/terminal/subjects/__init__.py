"""What can be talked about, a module each: what one can say, and how it is shown."""
