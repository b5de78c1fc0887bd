"""Reading: one module per format, each from a Document to Evidence; nothing else knows a format when reading."""
