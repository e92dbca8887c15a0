"""What the container takes: recipes, the models that they name, and rows."""
