"""Every parser of what an audited program controls, fed with bent copies of real bytes."""
