"""How local AWS plays the Nova evaluation container."""
