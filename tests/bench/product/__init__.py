"""The gateways that are measured: one way to declare, prepare and serve them, and two models.

`reference` is the model of `make bench` and of the counted work: the reference model's own types, so that dates, enums,
decimals, a key that another source supplies and lists of rows are all in what is measured.

`plain` is the model of `make bench-peers`: numbers as keys, and records of texts, numbers and lists. Other gateways
hand on the sources' JSON as it comes, and a model that converts values would have this one alone do work that they are
not asked for. Everything hangs on the customer's own key there, so that each of them can ask all sources at once.

All else is one: the view and its consumer, the cross-reference, how a gateway is made and served, the wide record.
"""
