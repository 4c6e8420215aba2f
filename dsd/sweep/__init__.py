"""Many runs: planned, launched, watched and collected in one folder."""
