"""From text to intent: the tiers, cheapest first, and the router that asks them."""
