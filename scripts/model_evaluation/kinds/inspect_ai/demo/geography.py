"""Inspect tasks for the demonstration: what an assistant for travellers knows."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes, match
from inspect_ai.solver import generate

CAPITALS = {
    "France": "Paris", "Peru": "Lima", "Kenya": "Nairobi", "Norway": "Oslo", "Japan": "Tokyo", "Egypt": "Cairo",
    "Chile": "Santiago", "Ghana": "Accra", "Nepal": "Kathmandu", "Cuba": "Havana", "Latvia": "Riga", "Oman": "Muscat",
    "Mali": "Bamako", "Spain": "Madrid", "Italy": "Rome", "Greece": "Athens", "Poland": "Warsaw", "Canada": "Ottawa",
    "Austria": "Vienna", "Belgium": "Brussels", "Bulgaria": "Sofia", "Croatia": "Zagreb", "Denmark": "Copenhagen",
    "Estonia": "Tallinn", "Finland": "Helsinki", "Hungary": "Budapest", "Iceland": "Reykjavik", "Ireland": "Dublin",
    "Portugal": "Lisbon", "Romania": "Bucharest", "Serbia": "Belgrade", "Sweden": "Stockholm", "Turkey": "Ankara",
    "Ukraine": "Kyiv", "Vietnam": "Hanoi", "Thailand": "Bangkok", "Uruguay": "Montevideo", "Ecuador": "Quito",
    "Bolivia": "Sucre", "Colombia": "Bogota",
}  # fmt: skip
CURRENCIES = {
    "Japan": "yen", "India": "rupee", "Mexico": "peso", "Poland": "zloty", "Sweden": "krona", "Turkey": "lira",
    "Brazil": "real", "Kenya": "shilling", "Thailand": "baht", "Vietnam": "dong", "Israel": "shekel", "Ghana": "cedi",
    "Nigeria": "naira", "Peru": "sol", "Russia": "rouble", "China": "yuan", "Hungary": "forint", "Bulgaria": "lev",
    "Egypt": "pound", "Morocco": "dirham",
}  # fmt: skip


@task  # type: ignore[untyped-decorator,unused-ignore]
def capitals() -> Task:
    return Task(
        dataset=[
            Sample(id=country, input=f"What is the capital of {country}?", target=city)
            for country, city in CAPITALS.items()
        ],
        solver=generate(),
        scorer=[includes(), match()],
    )


@task  # type: ignore[untyped-decorator,unused-ignore]
def currencies() -> Task:
    return Task(
        dataset=[
            Sample(id=country, input=f"What is the currency of {country} called?", target=name)
            for country, name in CURRENCIES.items()
        ],
        solver=generate(),
        scorer=includes(),
    )
