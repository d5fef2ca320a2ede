"""Every page in every look: readable, operable, foreign to nobody's names. `table` says which there are."""
