"""In what order, waiting for what? The durable workflows and the contract by which others speak to them."""
