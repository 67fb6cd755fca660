# SPDX-License-Identifier: Apache-2.0
"""What is proven of a price in plans and budget curves."""


def proven_part(price, kind):
    """The part of a price that is proven to be needed, None where nothing was derived; kind is b (this
    order) or anyOrderB."""
    bound = price[f"{kind}oundSeconds"]
    if bound is None:
        bound, cost = price[f"recompute{kind[0].upper()}{kind[1:]}oundFlops"], price["recomputeFlops"]
    else:
        rates = price["rates"]
        cost = price["recomputeFlops"] / rates["flopsPerSecond"]
        cost += (price["spillBytes"] + price["fetchBytes"]) / rates["bytesPerSecond"]
    if bound is None:
        return None
    return bound / cost if cost else 1.0
