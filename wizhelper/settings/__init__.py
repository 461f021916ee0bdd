"""Companies, their policies and consent texts."""
