"""Worker processes of this machine: what starts them, what they are sent, and what happens when one dies."""
