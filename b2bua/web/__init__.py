"""The portal and its API: what an enterprise sees of its number, and what it changes."""
