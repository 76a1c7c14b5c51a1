"""What may be typed after ``b2bua``: each command says its options, and what runs it."""
