"""The ground floor: what every other room stands on and that knows none of them."""
