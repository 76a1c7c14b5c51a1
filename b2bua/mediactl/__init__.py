"""Call control's media orders, spoken to the media processes."""
