"""Looking back: averages of moods, and what goes with them."""
