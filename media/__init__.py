"""The media plane: separate processes that carry, play, hear and record audio."""
