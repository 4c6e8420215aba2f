"""Results that other programs left behind, as tables like those of dsd."""
