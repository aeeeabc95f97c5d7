"""Tables, figures, HTML and timelines made from results."""
