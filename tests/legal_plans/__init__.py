"""Plans of shipped networks on shipped machines, walked by the legality oracle: `python -m tests.legal_plans [NAME...]`
walks them all, or those that have every NAME; the tests a seeded few."""
