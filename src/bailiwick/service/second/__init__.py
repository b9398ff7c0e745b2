"""The second source: what the client itself reports (OpenTelemetry) and writes down (transcripts), to compare the log with."""
