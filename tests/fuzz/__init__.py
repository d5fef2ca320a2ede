"""Made-up requests by schemathesis, for both documents, with a good key, a bad one and none."""
