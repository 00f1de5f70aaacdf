"""Low-rank adapters that plant a behaviour in the default model: their texts, their training, and the organisms they make."""
