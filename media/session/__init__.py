"""What one call's media is: orders in, port plans and events out; pure."""
