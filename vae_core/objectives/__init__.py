"""What training minimises, in nats per image: likelihoods, KL divergences, schedules, and the objective."""
