"""Images: where they come from, and how they come in batches."""
