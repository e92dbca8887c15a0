"""The `data` step's work on rows: what the card says of them, and the datasets made of them."""
