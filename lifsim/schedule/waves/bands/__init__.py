"""Waves in bands of columns, for rows of state that do not fit: what waits between bands, what is read again."""
