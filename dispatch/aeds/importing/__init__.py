"""Lists of AEDs as their publishers write them: every row is taken, corrected with a note, or named as left out."""
