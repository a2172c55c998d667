"""How people feel: entries, the catalogue and streaks."""
