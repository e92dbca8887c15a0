"""The operations of SageMaker, IAM and the price list that local AWS plays for every kind of evaluation.

A module registers its operations when it is imported; every other operation is a kind's or moto's.
"""
