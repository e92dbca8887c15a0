"""AWS IAM: roles, what a policy simulation says, and what policies say by themselves."""
