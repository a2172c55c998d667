"""Who people are to each other, and finding them."""
