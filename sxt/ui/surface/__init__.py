"""What the page of surfaces is made of."""
