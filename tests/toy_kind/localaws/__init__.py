"""How local AWS plays the container."""
