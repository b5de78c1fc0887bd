"""Private keys: one module per place where a key may live."""
