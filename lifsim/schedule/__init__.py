"""What runs when, what stays where: groups, tilings, residency, and the traffic that follows."""
