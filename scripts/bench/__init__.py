"""How fast the product is on this machine, as ratios to the bare frameworks where that can be had."""
