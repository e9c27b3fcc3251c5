"""The API server: HTTP on one side, the store on the other."""
