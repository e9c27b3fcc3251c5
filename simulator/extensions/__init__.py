"""Custom resources: CustomResourceDefinitions made into rows of the resource table, and what follows from them."""
