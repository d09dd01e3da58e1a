"""What training minimises, in nats per image: likelihoods, KL divergences, schedules of beta, and the objective."""
