// IntegrationTests: not written yet.
