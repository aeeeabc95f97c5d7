"""How the weight buffer of a group is divided: what stays, what streams through."""
