"""How long each kind of record is kept, and its deletion with proof."""
