"""One 400 call from first INVITE to record: the only room that knows every rule."""
