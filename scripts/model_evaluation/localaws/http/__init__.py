"""Local AWS on the network: one port that is AWS's endpoint and a proxy, and what a request there asks for.

Only this folder needs moto and werkzeug, so everything else of local AWS can be imported without them.
"""
