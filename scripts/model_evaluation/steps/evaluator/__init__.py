"""What the steps of the SDK's evaluators share: notebook parameters, lines of the card."""
