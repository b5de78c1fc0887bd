"""A Report for people and machines: one module per form."""
