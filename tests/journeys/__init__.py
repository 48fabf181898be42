"""What people do with the product, over the real thing: real servers, real processes, real data."""
