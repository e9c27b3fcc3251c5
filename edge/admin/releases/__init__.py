"""From a draft to what gateways serve: compiled, numbered, published in manifests, and told by them to be served."""
