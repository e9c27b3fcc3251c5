"""What a Service's pods become: EndpointSlices, Endpoints, and the mirror of Endpoints kept by hand."""
