"""What happens to each packet. A leaf: no policy."""
