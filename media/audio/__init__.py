"""Samples: G.711, files, prompts, tones."""
